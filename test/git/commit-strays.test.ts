import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  COMMIT_HOOKS,
  check,
  encrypted,
  RULES,
  repositoryIn,
  type ScratchRepository,
  scratchRepository,
  stage,
} from './scratch-repository.ts'

const FILE = 'secrets/x.yaml'

let text: string
let commented: string
let noted: string

beforeEach(async () => {
  text = await encrypted('db:\n  password: x\n')
  commented = `# it was hunter2\n${text}`
  noted = text.replace('sops:\n', 'sops:\n    note: hunter2\n')
})

describe('what is readable beside the values is refused where it is new:', () => {
  test('in a new file, before the first commit too', () => {
    for (const rules of [RULES, '']) {
      const repository = scratchRepository({ rules })
      stage(repository, {
        '.kmsfile.yaml': RULES,
        [FILE]: commented,
        'secrets/y.yaml': noted,
        'secrets/z.yaml': '# hunter2\n',
      })
      expect(check(repository)).toEqual([
        `refuse stray-comment ${FILE}:1`,
        expect.stringMatching(/^refuse stray-metadata secrets\/y\.yaml:\d+ sops\.note$/),
        'refuse plaintext secrets/z.yaml:1',
      ])
    }
  })

  test('in a file that had none, wherever it lies', () => {
    const repository = scratchRepository()
    repository.commit({ [FILE]: text, 'x.yaml': text })
    stage(repository, { [FILE]: commented, 'x.yaml': commented })
    expect(check(repository)).toEqual([`refuse stray-comment ${FILE}:1`, 'refuse stray-comment x.yaml:1'])
  })

  test('with what to do about it, and without what it says', () => {
    const repository = guarded()
    stage(repository, { [FILE]: commented, 'secrets/y.yaml': noted })
    const { code, stderr } = repository.tryGit(['commit', '--message=x'])
    expect(code).toBe(1)
    expect(stderr).toContain('kmsfile: refused: 2 files would put plaintext into the repository\n')
    expect(stderr).toMatch(/secrets\/x\.yaml:1 +a comment that is not encrypted\n/)
    expect(stderr).toMatch(/sops\.note {3}no field that sops or kmsfile has, and readable\n/)
    expect(stderr).toContain(`kmsfile rotate -i ${FILE} && git add ${FILE}`)
    expect(stderr).not.toContain('hunter2')
  })

  test('but for the one file that somebody lets pass, which then has it', () => {
    const repository = guarded()
    stage(repository, { [FILE]: commented })
    const env = { KMSFILE_ALLOW_PLAINTEXT: FILE }
    expect(repository.tryGit(['commit', '--quiet', '--message=x'], { env }).code).toBe(0)
    stage(repository, { other: 'x' })
    expect(repository.tryGit(['commit', '--quiet', '--message=x'])).toEqual({ code: 0, stdout: '', stderr: '' })
  })
})

describe('what was readable before stops nobody:', () => {
  test('where the values around it change, and where it moves', async () => {
    const repository = guarded()
    repository.commit({ [FILE]: commented, 'secrets/y.yaml': noted })
    const next = await encrypted('more: 1\ndb:\n  password: y\n')
    stage(repository, { [FILE]: next.replace('db:', '# it was hunter2\ndb:'), 'secrets/y.yaml': `${noted}` })
    expect(check(repository)).toEqual([])
    stage(repository, { [FILE]: next.replace('db:', '# it is hunter3\ndb:') })
    expect(check(repository)).toEqual([`refuse stray-comment ${FILE}:2`])
  })

  test('nor a merge that brings it along', () => {
    const repository = scratchRepository()
    repository.commit({ [FILE]: text })
    repository.git('checkout', '--quiet', '-b', 'other')
    repository.commit({ 'secrets/y.yaml': commented })
    repository.git('checkout', '--quiet', 'main')
    repository.commit({ a: 'x' })
    repository.hooks(...COMMIT_HOOKS)
    expect(repository.tryGit(['merge', '--quiet', '--no-edit', 'other'])).toMatchObject({ code: 0, stderr: '' })
    repository.git('reset', '--quiet', '--hard', 'HEAD^')
    repository.git('merge', '--quiet', '--no-commit', 'other')
    stage(repository, { [FILE]: commented.replace('hunter2', 'hunter3') })
    expect(repository.tryGit(['commit', '--quiet', '--no-edit']).stderr).toContain(`${FILE}:1`)
  })

  test('nor does a file of a later sops, which is only named', () => {
    const repository = guarded()
    stage(repository, { [FILE]: noted.replace('version: 3.13.3', 'version: 3.99.0') })
    const { code, stderr } = repository.tryGit(['commit', '--quiet', '--message=x'])
    expect(code).toBe(0)
    expect(stderr).toMatch(/^kmsfile: note: secrets\/x\.yaml:\d+: sops\.note no field .* of a later sops\n$/)
  })
})

describe('new commits', () => {
  test('are refused with what they add, also if a later one takes it away', () => {
    const repository = scratchRepository()
    repository.commit({ [FILE]: text })
    repository.git('checkout', '--quiet', '-b', 'branch')
    repository.commit({ [FILE]: commented })
    repository.commit({ [FILE]: text })
    expect(check(repository, ['--range', 'main..branch'])).toEqual([`refuse stray-comment ${FILE}:1`])
  })

  test('are not, with what the target has or what a merge of it brings', () => {
    const repository = scratchRepository()
    repository.commit({ [FILE]: text })
    repository.git('checkout', '--quiet', '-b', 'branch')
    repository.commit({ a: 'x' })
    repository.git('checkout', '--quiet', 'main')
    repository.commit({ [FILE]: commented, 'secrets/y.yaml': noted })
    repository.git('checkout', '--quiet', 'branch')
    repository.git('merge', '--quiet', '--no-edit', 'main')
    expect(check(repository, ['--range', 'main..branch'])).toEqual([])
  })

  test('are with what a merge adds of its own', () => {
    const repository = scratchRepository()
    repository.commit({ [FILE]: text })
    repository.git('checkout', '--quiet', '-b', 'branch')
    repository.commit({ a: 'x' })
    repository.git('checkout', '--quiet', 'main')
    repository.commit({ b: 'x' })
    repository.git('checkout', '--quiet', 'branch')
    repository.git('merge', '--quiet', '--no-commit', 'main')
    repository.commit({ [FILE]: commented })
    expect(repository.git('log', '-1', '--format=%p').trim().split(' ')).toHaveLength(2)
    expect(check(repository, ['--range', 'main..branch'])).toEqual([`refuse stray-comment ${FILE}:1`])
  })

  test('are only named where the remote has nothing to compare them with', () => {
    const repository = scratchRepository()
    repository.commit({ [FILE]: commented })
    const remote = repositoryIn(join(repository.top, '../remote'), repository.env)
    mkdirSync(remote.top)
    remote.git('init', '--quiet', '--bare', '.')
    repository.git('remote', 'add', 'origin', '../remote')
    repository.hooks('pre-push')
    const first = repository.tryGit(['push', '--quiet', 'origin', 'main'])
    expect({ code: first.code, stderr: first.stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(
        /^kmsfile: note: [0-9a-f]{10} secrets\/x\.yaml:1: a comment that is not encrypted\n$/,
      ),
    })
    repository.commit({ [FILE]: commented.replace('hunter2', 'hunter3') })
    expect(repository.tryGit(['push', '--quiet', 'origin', 'main'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('kmsfile: refused: 1 file would put plaintext into the repository'),
    })
  })
})

test('a tree and all of history name what is readable, since there is nothing before them', () => {
  const repository = scratchRepository()
  repository.commit({ [FILE]: commented, 'secrets/y.yaml': noted })
  const notes = [`note stray-comment ${FILE}:1`, expect.stringContaining('note stray-metadata secrets/y.yaml')]
  for (let i = 0; i < 2; i++) {
    expect(check(repository)).toEqual([])
    expect(check(repository, ['--tree', 'HEAD'])).toEqual(notes)
    expect(check(repository, ['--all-history'])).toEqual(notes)
  }
})

test('a patch that comes by mail is refused with what it adds', () => {
  const repository = guarded()
  repository.noHooks()
  repository.commit({ [FILE]: text })
  repository.commit({ [FILE]: commented })
  writeFileSync(join(repository.top, '.git/patch'), repository.git('format-patch', '--stdout', '-1'))
  repository.git('reset', '--quiet', '--hard', 'HEAD^')
  repository.hooks(...COMMIT_HOOKS)
  const { code, stderr } = repository.tryGit(['am', '.git/patch'])
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(`${FILE}:1`) })
  repository.git('am', '--abort')
})

function guarded(): ScratchRepository {
  const repository = scratchRepository()
  repository.hooks(...COMMIT_HOOKS)
  return repository
}
