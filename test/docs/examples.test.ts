import { expect, test } from 'vitest'
import * as library from '../../src/index.ts'
import { generateIdentity } from '../../src/keys/age-identity.ts'
import { playExamples, stands } from './examples.ts'
import { page, pages } from './pages.ts'

test.each(pages().map(({ name }) => name))('the examples of %s print what it says', async (name) => {
  const played = await playExamples(page(name))

  const wrong = played.filter(({ expected, actual }) => !stands(expected, actual))
  expect(
    wrong.map(({ line, command, expected, actual }) => ({ place: `${name}:${line}`, command, expected, actual })),
  ).toEqual([])
})

test('an example that prints something else is found', () => {
  expect(stands(['a', 'b ...'], ['a', 'b c'])).toBe(true)
  expect(stands(['...'], ['a', 'b'])).toBe(true)
  expect(stands(['a'], ['a', 'b'])).toBe(false)
  expect(stands(['a.c'], ['abc'])).toBe(false)
})

test('the example of the library runs', async () => {
  const block = page('README.md').blocks.find(({ language }) => language === 'js')
  const [, names = '', body = ''] = /^import \{ (.*) \} from 'kmsfile'\n([\s\S]*)$/.exec(block?.text ?? '') ?? []
  const { identity, recipient } = generateIdentity((size) => new Uint8Array(size).fill(7))
  const session = library.openSession({
    env: { KMSFILE_AGE_KEY: identity },
    flags: { keys: [{ type: 'age', recipient }] },
  })
  const stored = await session.encryptText('db:\n  host: db.internal\n', { fileName: 'prod.yaml' })
  const printed: unknown[] = []
  const given = {
    ...library,
    // The same session, but for where its files and its identity are.
    openSession: () => ({
      ...session,
      decryptFile: (_path: string, options?: { readonly extract?: library.Path }) =>
        session.decryptText(stored, { fileName: 'prod.yaml', ...options }),
    }),
    console: {
      log: (...values: unknown[]) => printed.push(...values),
      error: (...values: unknown[]) => printed.push(values),
    },
  }
  const wanted = [...names.split(', '), 'console']
  const run = new Function(...wanted, `return (async () => {${body}})()`)

  await run(...wanted.map((name) => given[name as keyof typeof given]))

  expect(printed).toEqual([true, 'db.internal', false])
})
