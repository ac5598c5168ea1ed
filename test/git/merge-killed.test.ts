import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { expectNoLeak } from './leaks.ts'
import { FILE, mergeRepository } from './merge-repository.ts'

const CALL = 'kmsfile git merge-driver %O %A %B %L %P'

test.each([
  ['is killed before it begins', 'kill -KILL $$'],
  [
    'is killed when it is done, and cannot say so',
    `${CALL} >/dev/null 2>&1; git cat-file blob HEAD:"./${FILE}" >%A; kill -KILL $$`,
  ],
  ['has no memory', `ulimit -v 200000; exec ${CALL}`],
  ['cannot write', `ulimit -f 0; exec ${CALL}`],
  ['is not there', 'exec kmsfile-that-is-not-there'],
])('a driver that %s leaves our version, whole, and a conflict', async (_what, driver) => {
  const repository = mergeRepository()
  await repository.saved('a: first-secret\nb: other-secret\n')
  await repository.branch('feature', () => repository.saved('a: second-secret\nb: other-secret\n'))
  await repository.saved('a: first-secret\nb: third-secret\n')
  const ours = repository.read(FILE)
  repository.git('config', 'merge.kmsfile.driver', driver)
  // From 2.42 on, git gives up the whole merge where a driver was killed; before, it is a conflict.
  expect([1, 2, 128]).toContain(repository.merge('feature').code)
  expect(repository.read(FILE)).toBe(ours)
  for (const name of readdirSync(repository.top).filter((each) => each.startsWith('.merge_file'))) {
    expect(readFileSync(join(repository.top, name), 'utf8')).toContain('ENC[AES256_GCM')
  }
  expectNoLeak(repository.top, ['first-secret', 'second-secret', 'third-secret'], [repository.top, repository.home])
  // With one that works, nothing is lost.
  repository.git('config', 'merge.kmsfile.driver', CALL)
  repository.tryGit(['merge', '--abort'])
  expect(repository.merge('feature')).toMatchObject({ code: 0 })
  expect(repository.plain()).toBe('a: second-secret\nb: third-secret\n')
})
