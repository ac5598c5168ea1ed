import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type ForeignMachine, foreignMachine, NOBODY, ok, SECRETS } from './foreign-repository.ts'

/** What people and their tools do with a repository that they have just got. */
const LOOKING: readonly (readonly string[])[] = [
  ['git', 'diff', 'HEAD~1'],
  ['git', 'log', '-p'],
  ['git', 'log', '-p', '-m', '--all'],
  ['git', 'show'],
  ['git', 'blame', 'secrets/role.yaml'],
  ['git', 'log', '-Shunter2'],
  ['git', 'grep', '--textconv', 'hunter2'],
  ['git', 'cat-file', '--textconv', 'HEAD:secrets/profile.yaml'],
  ['git', 'status'],
  ['kmsfile', 'git', 'diff', 'HEAD~1'],
  ['kmsfile', 'git', 'log', '-p'],
  ['kmsfile', 'git', 'show', '--keys'],
  ['kmsfile', 'git', 'textconv', 'secrets/profile.yaml'],
  ['kmsfile', 'git', 'check'],
  ['kmsfile', 'git', 'check', '--tree', 'HEAD'],
  ['kmsfile', 'git', 'check', '--range', 'HEAD~1..HEAD'],
  ['kmsfile', 'git', 'check', '--all-history'],
  ['kmsfile', 'status'],
  ['kmsfile', 'doctor'],
]

async function run({ git, kmsfile }: ForeignMachine, [command, ...args]: readonly string[]) {
  return command === 'git' ? git(...args) : kmsfile(...args)
}

describe('in a repository of somebody else, no key service is asked', () => {
  test('by whoever looks at it', async () => {
    const machine = await foreignMachine()
    const all = await Promise.all(LOOKING.map((words) => run(machine, words)))
    expect(machine.asked()).toEqual(NOBODY)
    for (const { stdout } of all) for (const secret of SECRETS) expect(stdout).not.toContain(secret)
  })

  test('by the guard, by hooks of commits, and before a push', async () => {
    const { git, write, asked, top } = await foreignMachine()
    write('notes.txt', 'x\n')
    await ok(git('init', '--quiet', '--bare', '../server.git'))
    for (const words of [
      ['add', '--all'],
      ['commit', '--quiet', '--verbose', '--message=x'],
      ['stash', '--include-untracked'],
      ['push', '--quiet', '../server.git', 'main'],
    ]) {
      await ok(git(...words))
      expect({ words, ...asked() }).toEqual({ words, ...NOBODY })
    }
    expect(existsSync(join(top, '../server.git/refs/heads/main'))).toBe(true)
  })

  test('although an agent may be started, and nothing is written down as used', async () => {
    const machine = (await foreignMachine()).with({ KMSFILE_AGENT: '1' })
    await ok(machine.git('log', '-p'))
    expect(machine.asked()).toEqual(NOBODY)
    await machine.kmsfile('agent', 'stop')
    expect(existsSync(join(machine.home, '.local/state/kmsfile/used-keys'))).toBe(false)
  })
})
