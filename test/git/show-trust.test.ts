import { expect, test } from 'vitest'
import { foreignMachine, NOBODY, ok, SECRETS } from './foreign-repository.ts'

test('whoever looks at a repository of somebody else asks nobody for its keys, in whatever way they look', async () => {
  const machine = await foreignMachine()
  await machine.git('merge', '--quiet', '--no-commit', '--strategy=ours', 'other')
  await ok(machine.git('-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '--message=merge'))
  machine.write('secrets/key.yaml', 'password: lies here\n')
  machine.asked()
  for (const args of [
    ['diff'],
    ['diff', '--values'],
    ['diff', 'HEAD~', '--keys'],
    ['log', '-p', '--all', '-m'],
    ['log', '-p', '--all', '-c', '--values'],
    ['log', '-p', '-S', SECRETS[1]],
    ['show', '--cc'],
    ['show', '--remerge-diff'],
  ]) {
    const { code, stdout, stderr } = await machine.kmsfile('git', ...args)
    expect({ args, code, stderr, asked: machine.asked() }).toEqual({ args, code: 0, stderr: '', asked: NOBODY })
    for (const secret of SECRETS) expect(stdout).not.toContain(secret)
  }
})

test('a key service that does not answer is waited for once, for all versions and all files', async () => {
  const machine = await foreignMachine()
  await ok(machine.kmsfile('decrypt', 'secrets/key.yaml'))
  machine.kms.misbehave('stall')
  const before = machine.kms.calls.length
  const { code, stdout, stderr } = await machine.kmsfile('git', 'log', '-p', '--all', '--values')
  expect({ code, stderr, asked: machine.kms.calls.length - before }).toEqual({ code: 0, stderr: '', asked: 1 })
  expect(stdout).toMatch(/^~ password: ENC\[str len=\d+ #\w{4}\] -> ENC\[/m)
})
