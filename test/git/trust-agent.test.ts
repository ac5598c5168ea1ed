import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { foreignMachine, ok, SECRETS } from './foreign-repository.ts'

/** A machine on which what needs a data key starts an agent. */
async function machineWithAgent() {
  const machine = (await foreignMachine()).with({ KMSFILE_AGENT: '1' })
  onTestFinished(async () => {
    await machine.kmsfile('agent', 'stop')
  })
  const decrypts = () => machine.kms.calls.filter(({ action }) => action === 'Decrypt').length
  return { ...machine, decrypts }
}

const LOG = ['log', '-p', '--', 'secrets/key.yaml']

test('a log whose reader waits for its end does end, although it has started the agent', async () => {
  const { git, kmsfile, decrypts } = await machineWithAgent()
  await ok(kmsfile('decrypt', 'secrets/key.yaml'))
  await kmsfile('agent', 'stop')
  const count = decrypts()
  // It is over when nobody has its output open any more.
  expect(await ok(git(...LOG))).toContain(SECRETS[0])
  expect(JSON.parse(await ok(kmsfile('agent', 'status', '--json')))).toMatchObject({ running: true, keys: 1 })
  expect(await ok(git(...LOG))).toContain(SECRETS[1])
  expect(decrypts() - count).toBe(1)
})

test('a reader that has seen enough leaves the agent as it is', async () => {
  const { git, kmsfile } = await machineWithAgent()
  await ok(kmsfile('decrypt', 'secrets/key.yaml'))
  const { pid } = JSON.parse(await ok(kmsfile('agent', 'status', '--json')))
  await git('-c', 'alias.some=!git log -p -- secrets/key.yaml | head -n 1', 'some')
  expect(JSON.parse(await ok(kmsfile('agent', 'status', '--json')))).toMatchObject({ pid, keys: 1 })
})

test('a file that a person opens counts as opened where the agent had its data key', async () => {
  const { git, kmsfile, home, decrypts } = await machineWithAgent()
  await ok(kmsfile('decrypt', 'secrets/key.yaml'))
  rmSync(join(home, '.local/state'), { recursive: true })
  const count = decrypts()
  await ok(kmsfile('decrypt', 'secrets/key.yaml'))
  expect(decrypts()).toBe(count)

  await kmsfile('agent', 'stop')
  expect(await ok(git(...LOG))).toContain(SECRETS[0])
  expect(decrypts()).toBe(count + 1)
})

test('what git shows with the help of the agent does not count as opened by a person', async () => {
  const { git, kmsfile, home } = await machineWithAgent()
  await ok(kmsfile('decrypt', 'secrets/key.yaml'))
  rmSync(join(home, '.local/state'), { recursive: true })
  expect(await ok(git(...LOG))).toContain(SECRETS[0])
  await kmsfile('agent', 'stop')
  expect(await ok(git(...LOG))).not.toContain(SECRETS[0])
})

test('an agent does not answer for the same wrapped key in another role, profile or context', async () => {
  const { kmsfile, write, top, decrypts } = await machineWithAgent()
  await ok(kmsfile('decrypt', 'secrets/key.yaml'))
  const text = readFileSync(join(top, 'secrets/key.yaml'), 'utf8')
  const entry = text.replace(/^ +aws_profile: .*\n/m, '')
  const [line = '', before = ''] = /^([ -]+)arn: .*\n/m.exec(entry) ?? []
  const indent = ' '.repeat(before.length)
  for (const more of ['context:\n    app: other', 'role: arn:aws:iam::444455556666:role/x', 'aws_profile: theirs']) {
    write('copy.yaml', entry.replace(line, `${line}${`${more}\n`.replace(/^/gm, indent).trimEnd()}\n`))
    const count = decrypts()
    await kmsfile('decrypt', 'copy.yaml')
    expect({ more, calls: decrypts() - count }).toEqual({ more, calls: 1 })
  }
})
