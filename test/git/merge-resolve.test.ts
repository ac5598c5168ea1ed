import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

const BASE = 'db:\n  user: app\n  password: first\n  port: 5432\nkeep: kept\n'
const THEIRS = BASE.replace('first', 'second').replace('app', 'theirs').replace('5432', '1')
const OURS = BASE.replace('first', 'third').replace('app', 'ours').replace('kept', 'changed')

test('takes one side wherever both changed something, and keeps what only the other one changed', async () => {
  for (const [flag, user, password] of [
    ['--ours', 'ours', 'third'],
    ['--theirs', 'theirs', 'second'],
  ]) {
    const repository = await conflicting()
    const { code, stdout, stderr } = repository.kmsfile(['git', 'resolve', String(flag), FILE])
    const taken = String(flag).slice(2)
    expect([code, stdout, stderr]).toEqual([
      0,
      '',
      `${FILE}: resolved, 2 conflicts (db.user: ${taken}, db.password: ${taken})\nnext: git add ${FILE}\n`,
    ])
    expect(repository.plain()).toBe(`db:\n  user: ${user}\n  password: ${password}\n  port: 1\nkeep: changed\n`)
    expect(repository.git('status', '--porcelain')).toBe(`UU ${FILE}\n`)
  }
})

test('takes sides path by path', async () => {
  const repository = await conflicting()
  const args = ['--path', 'db.user=theirs', '--path=db.password=ours']
  expect(repository.kmsfile(['git', 'resolve', ...args, FILE])).toMatchObject({ code: 0 })
  expect(repository.plain()).toBe('db:\n  user: theirs\n  password: third\n  port: 1\nkeep: changed\n')
})

test('takes a path for all that is below it, and a side for the rest', async () => {
  const repository = await conflicting()
  expect(repository.kmsfile(['git', 'resolve', '--path', 'db=theirs', '--ours', FILE])).toMatchObject({ code: 0 })
  expect(repository.plain()).toContain('user: theirs\n  password: second')
})

test('refuses a path that is in no conflict, and leaves the file', async () => {
  const repository = await conflicting()
  const before = repository.read(FILE)
  const { code, stderr } = repository.kmsfile(['git', 'resolve', '--path', 'db.port=ours', '--ours', FILE])
  expect([code, stderr]).toEqual([2, expect.stringContaining('there is no conflict at db.port')])
  expect(repository.read(FILE)).toBe(before)
})

test('needs flags where nobody can be asked', async () => {
  const repository = await conflicting()
  const { code, stderr } = repository.kmsfile(['git', 'resolve', '--path', 'db.user=ours', FILE])
  expect([code, stderr]).toEqual([2, expect.stringMatching(/db\.password.*\[INPUT_NEEDED\]/)])
})

test('merges again what somebody staged unresolved, from what the index remembers', async () => {
  const repository = await conflicting()
  repository.git('add', FILE)
  expect(repository.git('ls-files', '--unmerged')).toBe('')
  expect(repository.kmsfile(['git', 'resolve', '--theirs', FILE])).toMatchObject({ code: 0 })
  expect(repository.plain()).toContain('password: second')
})

test('merges again what somebody committed unresolved, from both parents', async () => {
  const repository = await conflicting()
  repository.commit({}, 'past the hooks')
  repository.commit({ other: 'x' })
  expect(repository.kmsfile(['git', 'resolve', '--theirs', FILE])).toMatchObject({ code: 0 })
  expect(repository.plain()).toContain('user: theirs')
})

test('merges again what a pick left, when the index is made anew', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => repository.saved(THEIRS))
  await repository.saved(OURS)
  expect(repository.tryGit(['cherry-pick', 'feature']).code).toBe(1)
  repository.git('read-tree', 'HEAD')
  expect(repository.kmsfile(['git', 'resolve', '--ours', FILE])).toMatchObject({ code: 0 })
  expect(repository.plain()).toBe(OURS.replace('5432', '1'))
})

test('says so where git does not have the versions any more', async () => {
  const repository = await conflicting()
  const text = repository.read(FILE)
  repository.git('merge', '--abort')
  repository.write(FILE, text)
  const { code, stderr } = repository.kmsfile(['git', 'resolve', '--ours', FILE])
  expect([code, stderr]).toEqual([4, expect.stringContaining('[FILE_IN_CONFLICT]')])
})

test('resolves what git left without the driver: ours as a whole, or marks in the ciphertext', async () => {
  for (const attributes of ['[attr]kmsfile -merge -text\n', '[attr]kmsfile merge=text -text\n']) {
    const repository = mergeRepository()
    await repository.saved(BASE)
    await repository.branch('feature', () => repository.saved(THEIRS))
    await repository.saved(OURS)
    repository.write('.git/info/attributes', attributes)
    expect(repository.merge('feature').code).toBe(1)
    expect(repository.kmsfile(['git', 'resolve', '--ours', FILE])).toMatchObject({ code: 0 })
    expect(repository.plain()).toBe(OURS.replace('5432', '1'))
  }
})

test('does not write over what somebody changed meanwhile, unless told to', async () => {
  const repository = await conflicting()
  repository.git('checkout', '--ours', FILE)
  await repository.save(OURS.replace('third', 'by hand'))
  const { code, stderr } = repository.kmsfile(['git', 'resolve', '--ours', FILE])
  expect([code, stderr]).toEqual([2, expect.stringContaining('--yes')])
  expect(repository.plain()).toContain('by hand')
  expect(repository.kmsfile(['git', 'resolve', '--yes', '--ours', FILE])).toMatchObject({ code: 0 })
  expect(repository.plain()).toContain('third')
})

test('has nothing to do for a file that is not in conflict, and refuses one that is not encrypted', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  expect(repository.kmsfile(['git', 'resolve', FILE])).toMatchObject({ code: 0, stderr: `${FILE}: not in conflict\n` })
  await repository.branch('feature', () => void repository.commit({ 'a.yaml': 'a: 1\n' }))
  repository.commit({ 'a.yaml': 'a: 2\n' })
  repository.merge('feature')
  expect(repository.kmsfile(['git', 'resolve', 'a.yaml'])).toMatchObject({ code: 4 })
  expect(repository.kmsfile(['git', 'resolve'])).toMatchObject({ code: 0, stderr: '' })
})

test('resolves all that is unmerged, from any folder, and says so in JSON', async () => {
  const repository = await conflicting()
  const { code, stdout } = repository.kmsfile(['git', 'resolve', '--ours', '--json'], { cwd: 'secrets' })
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual({
    files: [
      {
        file: join(repository.top, FILE),
        outcome: 'resolved',
        conflicts: [
          { path: 'db.user', taken: 'ours' },
          { path: 'db.password', taken: 'ours' },
        ],
      },
    ],
  })
  repository.commit({})
  expect(repository.plain()).toBe(OURS.replace('5432', '1'))
})

test('is a tool for git mergetool', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => repository.saved(BASE.replace('first', 'second')))
  await repository.saved(OURS.replace('third', 'first'))
  repository.write('.git/info/attributes', '[attr]kmsfile -merge -text\n')
  repository.merge('feature')
  repository.git('config', 'mergetool.kmsfile.cmd', 'kmsfile git mergetool "$BASE" "$LOCAL" "$REMOTE" "$MERGED"')
  repository.git('config', 'mergetool.kmsfile.trustExitCode', 'true')
  repository.git('config', 'mergetool.keepBackup', 'false')
  expect(repository.tryGit(['mergetool', '--no-prompt', '--tool=kmsfile'])).toMatchObject({ code: 0 })
  expect(repository.git('status', '--porcelain')).toBe(`M  ${FILE}\n`)
  expect(repository.plain()).toBe(OURS.replace('third', 'second'))
})

/** Both sides change two values, and each another one besides. */
async function conflicting(): Promise<MergeRepository> {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => repository.saved(THEIRS))
  await repository.saved(OURS)
  expect(repository.merge('feature').code).toBe(1)
  return repository
}
