import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Options } from 'yargs'
import { COMMON_OPTIONS } from '../../src/cli/command.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { plainArguments } from '../../src/cli/plain-arguments.ts'
import { parseArguments } from '../../src/cli/yargs-arguments.ts'

test('what is read without yargs is what yargs reads', async () => {
  let plain = 0
  for (const { load } of Object.values(COMMANDS)) {
    const command = await load()
    const options = Object.entries({ ...command.options, ...COMMON_OPTIONS })
    const names = options.flatMap(([name, { alias }]: [string, Options]) => [
      `--${name}`,
      `--no-${name}`,
      `--${name}=x`,
      ...(typeof alias === 'string' ? [`-${alias}`] : []),
    ])
    const word = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...names) },
      { weight: 2, arbitrary: fc.constantFrom('a.yaml', '-', 'x', 'db.password', '1', 'never', 'true', '["a"]["b"]') },
      fc.constantFrom('', '--', '-iv', '--unknown', '-5', '--help', '--color=purple'),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 5 }), async (argv) => {
        const read = plainArguments(command, argv)
        if (read === undefined) return
        plain++
        const { _, $0, ...expected } = (await parseArguments(command, argv)) as Record<string, unknown>
        expect(withoutUndefined(read)).toEqual(withoutUndefined(expected))
      }),
      { numRuns: 60 },
    )
  }
  expect(plain).toBeGreaterThan(100)
})

function withoutUndefined(args: object) {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined))
}
