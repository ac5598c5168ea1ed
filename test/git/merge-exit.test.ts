import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { symlinkSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'
import { BIN } from './scratch-repository.ts'

const CALL = `kmsfile git merge-driver base ours theirs 7 ${FILE}`

/** What another version may hold, made from one that is as it should be. */
const STRANGE: readonly (readonly [what: string, content: (good: string) => string | Uint8Array])[] = [
  ['UTF-16', (good) => Buffer.from(`\ufeff${good}`, 'utf16le')],
  ['bytes that are no text', (good) => Buffer.concat([Buffer.from(good), Buffer.from([0xff, 0x00])])],
  ['NUL', (good) => `\0${good}`],
  ['half of it', (good) => good.slice(0, good.length / 2)],
  ['marks of a merge', (good) => `<<<<<<< a\n${good}=======\n>>>>>>> b\n`],
  ['more levels than there may be', (good) => `x: ${'['.repeat(50_000)}\n${good}`],
  ['aliases that grow without end', (good) => `${bomb(30)}${good}`],
  ['another format', () => '{"a": "ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]"}'],
  ['a carriage return alone', (good) => good.replace('\n', '\r')],
  ['an envelope of nobody', (good) => good.replace(/^sops:\n/m, 'sops:\n  <<: *x\n')],
]

test.each(STRANGE)('ends with 1 and leaves our version where theirs is %s', async (_what, content) => {
  const repository = await versions()
  repository.write('theirs', content(repository.read('theirs')))
  expectUntouched(repository, CALL)
})

test.each(STRANGE)('ends with 1 and leaves our version where it is %s itself', async (_what, content) => {
  const repository = await versions()
  repository.write('ours', content(repository.read('ours')))
  expectUntouched(repository, CALL)
})

test.each([
  ['nothing can be written', `ulimit -f 0; ${CALL}`],
  ['theirs is not there', CALL.replace(' theirs', ' missing')],
  ['theirs is a folder', CALL.replace(' theirs', ' secrets')],
  ['nobody hears what goes wrong', `${CALL.replace(' theirs', ' missing')} 2>&-`],
  ['the path says another format', CALL.replace('.yaml', '.json')],
])('ends with 1 and leaves our version where %s', async (_what, line) => {
  expectUntouched(await versions(), line)
})

test.each([
  ['the size of marks is no number', CALL.replace(' 7 ', " '$(touch P)' ")],
  ['the size of marks is out of all bounds', CALL.replace(' 7 ', ' 99999999999999999999 ')],
  ['the path leads out of the repository', CALL.replace('secrets', '../../..')],
  ['there is no path', CALL.replace(FILE, "''")],
  ['the sides have strange names', `${CALL} "$(printf 'a\\nsops: x')" '--ours' "$(printf '\\033]0;x\\007')"`],
  ['there is neither stdin, stdout nor stderr', `${CALL} <&- >&- 2>&-`],
])('merges all the same where %s', async (_what, line) => {
  const repository = await versions()
  expect(shell(repository, line)).toMatchObject({ status: 0 })
  repository.write(FILE, repository.read('ours'))
  expect(repository.plain()).toBe('a: 2\nb: 2\n')
  expect(repository.git('status', '--porcelain', '--ignored')).not.toMatch(/ P$/m)
})

test('writes to no other file than git has for the result, and follows no link of theirs', async () => {
  const repository = await versions()
  symlinkSync('theirs', join(repository.top, 'link'))
  expect(shell(repository, CALL.replace(' theirs', ' link'))).toMatchObject({ status: 0 })
  expect(repository.read('theirs')).toBe(repository.git('show', `feature:${FILE}`))
})

describe.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('stopped by %s', (signal) => {
  test('ends with 1 and leaves our version', async () => {
    const repository = await versions()
    const pipe = join(repository.top, 'pipe')
    execFileSync('mkfifo', [pipe])
    const args = [BIN, 'git', 'merge-driver', 'base', 'ours', 'pipe', '7', FILE]
    const child = spawn(process.execPath, args, { cwd: repository.top, env: { ...repository.env }, stdio: 'ignore' })
    const ended = once(child, 'exit')
    // Opens when the driver reads from it.
    const writer = await open(pipe, 'w')
    child.kill(signal)
    await writer.writeFile(repository.read('theirs'))
    await writer.close()
    expect(await ended).toEqual([1, null])
    expect(repository.read('ours')).toBe(repository.git('show', `HEAD:${FILE}`))
  })
})

function expectUntouched(repository: MergeRepository, line: string): void {
  const before = repository.read('ours')
  const files = repository.git('status', '--porcelain')
  expect(shell(repository, line)).toMatchObject({ status: 1, stdout: '' })
  expect(repository.read('ours')).toBe(before)
  expect(repository.git('status', '--porcelain')).toBe(files)
}

function shell(repository: MergeRepository, line: string) {
  return spawnSync('sh', ['-c', line], { cwd: repository.top, env: { ...repository.env }, encoding: 'utf8' })
}

/** A repository in whose top the versions lie that git hands over. */
async function versions(): Promise<MergeRepository> {
  const repository = mergeRepository()
  await repository.saved('a: 1\nb: 1\n')
  await repository.branch('feature', () => repository.saved('a: 1\nb: 2\n'))
  await repository.saved('a: 2\nb: 1\n')
  for (const [name, revision] of Object.entries({ base: 'HEAD~1', ours: 'HEAD', theirs: 'feature' })) {
    writeFileSync(join(repository.top, name), repository.git('show', `${revision}:${FILE}`))
  }
  return repository
}

function bomb(levels: number): string {
  const lines = Array.from({ length: levels }, (_, i) => `b${i + 1}: &b${i + 1} [*b${i}, *b${i}]\n`)
  return `b0: &b0 1\n${lines.join('')}`
}
