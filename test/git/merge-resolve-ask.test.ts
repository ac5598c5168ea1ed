import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { hostIn } from '../host/scratch.ts'
import { expectNoLeak } from './leaks.ts'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

const BASE = 'db:\n  user: app\n  password: first\n  port: 5432\nkeep: kept\n'
const THEIRS = BASE.replace('first', 'second').replace('app', 'theirs').replace('5432', '1')
const OURS = BASE.replace('first', 'third').replace('app', 'ours').replace('kept', 'changed')

test('asks about each conflict, shows the versions where somebody wants to see them, and explains itself', async () => {
  const repository = await conflicting()
  const asked: string[] = []
  const { code } = await ask(repository, asked, ['s', '?', 't', 'O'])
  expect(code).toBe(0)
  expect(asked).toEqual([
    'db.user   base, ours and theirs differ     [s]how [o]urs [t]heirs [e]dit [q]uit ? ',
    'base: app\nours: ours\ntheirs: theirs\ndb.user   base, ours and theirs differ     [s]how [o]urs [t]heirs [e]dit [q]uit ? ',
    expect.stringMatching(/^s {3}show the versions\n/),
    'db.password   base, ours and theirs differ     [s]how [o]urs [t]heirs [e]dit [q]uit ? ',
  ])
  expect(repository.plain()).toContain('user: theirs\n  password: third')
})

test('stops where somebody stops, and leaves the file', async () => {
  const repository = await conflicting()
  const before = repository.read(FILE)
  expect((await ask(repository, [], ['o', 'q'])).code).toBe(1)
  expect(repository.read(FILE)).toBe(before)
})

test('takes what somebody writes in the editor', async () => {
  const repository = await conflicting()
  repository.write(
    'editor.sh',
    '#!/bin/sh\necho "from the $(echo editor): $(cat "$1")" > "$1.new" && mv "$1.new" "$1"\n',
  )
  chmodSync(join(repository.top, 'editor.sh'), 0o755)
  const env = { EDITOR: join(repository.top, 'editor.sh') }
  expect((await ask(repository, [], ['e', 'o'], env)).code).toBe(0)
  expect(repository.plain()).toContain('user: "from the editor: ours"\n  password: third')
  expectNoLeak(repository.top, ['from the editor'], [repository.home])
})

test('asks again where what somebody wrote cannot stand there', async () => {
  const repository = mergeRepository()
  await repository.saved('n: 1\n')
  await repository.branch('feature', () => repository.saved('n: 2\n'))
  await repository.saved('n: 3\n')
  repository.merge('feature')
  const env = { EDITOR: 'sh -c \'n=$(cat "$0"); case $n in 3) echo "[" > "$0";; esac\'' }
  const { code, stderr } = await ask(repository, [], ['e', 't'], env)
  expect([code, stderr]).toEqual([0, expect.stringContaining('[FORMAT_SYNTAX]')])
  expect(repository.plain()).toBe('n: 2\n')
})

test('shows what would steer a terminal, and does not send it there', async () => {
  const repository = mergeRepository()
  await repository.saved('a: x\n')
  await repository.branch('feature', () => repository.saved('a: "\\e]0;title\\a"\n'))
  await repository.saved('a: y\n')
  repository.merge('feature')
  const asked: string[] = []
  await ask(repository, asked, ['s', 'q'])
  expect(asked[1]).toContain('theirs: \\x1b]0;title\\x07\n')
})

/** Runs `kmsfile git resolve` with somebody at the terminal. */
async function ask(
  repository: MergeRepository,
  asked: string[],
  answers: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly stderr: string }> {
  const left = [...answers]
  let stderr = ''
  const host = hostIn(repository.top, {
    stderr: new Writable({
      write(chunk, _encoding, done) {
        stderr += chunk
        done()
      },
    }),
    env: { ...repository.env, ...env },
    terminal: {
      async ask(question) {
        asked.push(question)
        return left.shift() ?? 'q'
      },
      askHidden: async () => '',
    },
  })
  const code = await run(['git', 'resolve', FILE], host)
  return { code, stderr }
}

/** Both sides change two values, and each another one besides. */
async function conflicting(): Promise<MergeRepository> {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => repository.saved(THEIRS))
  await repository.saved(OURS)
  expect(repository.merge('feature').code).toBe(1)
  return repository
}
