import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { expectNoLeak } from './leaks.ts'
import { emptyServer, isRefused, receivingServer } from './receiving-repository.ts'
import { encrypted, RULES, repositoryIn, type ScratchRepository, scratchRepository } from './scratch-repository.ts'

const VALUE = 'correct-horse-battery-staple'
const PLAIN = `db:\n  password: ${VALUE}\n`
const SECRET = 'secrets/x.yaml'

test('a commit is judged as it is, though somebody has pushed another one in its place before', () => {
  const { repository, server } = receivingServer()
  const tree = repository.git('rev-parse', 'HEAD^{tree}').trim()
  const good = repository.git('commit-tree', '-p', 'HEAD', '-m', 'x', tree).trim()
  const bad = repository.commit({ [SECRET]: PLAIN })
  // Nothing is wrong with what this ref leads to.
  expect(isRefused(repository, ['origin', `${good}:refs/replace/${bad}`])).toBe(false)
  expect(isRefused(repository, ['origin', 'main'])).toBe(true)
  expectNoLeak(server.top, [VALUE])
})

test('a branch that begins anew, without rules, is judged by those of the default branch', () => {
  const { repository, server } = receivingServer()
  repository.git('checkout', '--quiet', '--orphan', 'other')
  repository.git('rm', '--quiet', '-r', '--cached', '.')
  repository.remove('.kmsfile.yaml')
  repository.commit({ [SECRET]: PLAIN })
  for (const ref of [
    'other',
    'other:refs/tags/x',
    'other:refs/for/main',
    'other:refs/x/y',
    'other:refs/notes/commits',
  ]) {
    expect([ref, isRefused(repository, ['origin', ref])]).toEqual([ref, true])
  }
  expectNoLeak(server.top, [VALUE])
})

test('where the default branch does not exist, the rules of those count that do', () => {
  const { repository, server } = receivingServer()
  server.git('symbolic-ref', 'HEAD', 'refs/heads/nowhere')
  repository.git('checkout', '--quiet', '--orphan', 'other')
  repository.git('rm', '--quiet', '-r', '--cached', '.')
  repository.remove('.kmsfile.yaml')
  repository.commit({ [SECRET]: PLAIN })
  expect(isRefused(repository, ['origin', 'other'])).toBe(true)
  expect(isRefused(repository, ['origin', 'other:nowhere'])).toBe(true)
  expectNoLeak(server.top, [VALUE])
})

test('rules that are taken away, made unreadable, or led elsewhere by the same push still count', async () => {
  const { repository, server } = receivingServer()
  const start = repository.git('rev-parse', 'HEAD').trim()
  const changes: readonly (readonly [string, () => void])[] = [
    ['removed', () => repository.remove('.kmsfile.yaml')],
    ['other', () => repository.write('.kmsfile.yaml', RULES.replace('secrets', 'nothing'))],
    ['exempt', () => repository.write('.kmsfile.yaml', `${RULES}exempt: [{ path: ${SECRET}, reason: x }]\n`)],
    ['broken', () => repository.write('.kmsfile.yaml', 'version: 1\nrules: [\n')],
    [
      'huge',
      () => repository.write('.kmsfile.yaml', `${RULES.replace('secrets', 'nothing')}#${'x'.repeat(2 ** 20)}\n`),
    ],
    [
      'link',
      () => {
        repository.remove('.kmsfile.yaml')
        symlinkSync('../outside', join(repository.top, '.kmsfile.yaml'))
      },
    ],
    [
      'folder',
      () => {
        repository.remove('.kmsfile.yaml')
        mkdirSync(join(repository.top, '.kmsfile.yaml'))
        repository.write('.kmsfile.yaml/x', 'x')
      },
    ],
    ['nearer', () => repository.write('secrets/.kmsfile.yaml', RULES.replace('secrets', 'nothing'))],
  ]
  for (const [name, change] of changes) {
    repository.git('reset', '--quiet', '--hard', start)
    change()
    repository.commit({})
    repository.commit({ [SECRET]: PLAIN })
    // Neither in one commit nor in the last of several.
    expect([name, isRefused(repository, ['origin', 'HEAD:refs/heads/main'])]).toEqual([name, true])
    expect([name, isRefused(repository, ['origin', 'HEAD:refs/heads/new'])]).toEqual([name, true])
    repository.git('reset', '--quiet', '--soft', start)
    repository.commit({})
    expect([name, isRefused(repository, ['origin', 'HEAD:refs/heads/main'])]).toEqual([name, true])
    repository.git('clean', '--quiet', '-dfx')
  }
  expectNoLeak(server.top, [VALUE])
})

describe('trees that no git writes', () => {
  test.each([
    [
      'the same name twice',
      (plain: string, good: string) => [`100644 blob ${good}\tx.yaml`, `100644 blob ${plain}\tx.yaml`],
    ],
    [
      'the same name twice, the plaintext first',
      (plain: string, good: string) => [`100644 blob ${plain}\tx.yaml`, `100644 blob ${good}\tx.yaml`],
    ],
    [
      'names in no order',
      (plain: string, good: string) => [`100644 blob ${good}\tz.yaml`, `100644 blob ${plain}\ta.yaml`],
    ],
    ['a mode of old', (plain: string) => [`100664 blob ${plain}\tx.yaml`]],
    ['a mode that is none', (plain: string) => [`100777 blob ${plain}\tx.yaml`]],
  ])('with %s hide nothing', async (_, entries) => {
    const { repository, server } = receivingServer()
    const write = (input: string) => repository.tryGit(['hash-object', '-w', '--stdin'], { input }).stdout.trim()
    const [plain, good] = [write(PLAIN), write(await encrypted(PLAIN))] as const
    // Once on top of nothing, once on top of what is the same but for the plaintext.
    const before = treeOf(repository, entries(good, good))
    const after = treeOf(repository, entries(plain, good))
    const commit = (tree: string, parent: string) =>
      repository.git('commit-tree', '-p', parent, '-m', 'x', withRules(repository, tree)).trim()
    const first = commit(before, 'main')
    expect(isRefused(repository, ['origin', `${commit(after, 'main')}:refs/heads/a`])).toBe(true)
    expect(isRefused(repository, ['origin', `${commit(after, first)}:refs/heads/b`])).toBe(true)
    expectNoLeak(server.top, [VALUE])
  })

  test('with a slash in a name hide nothing', () => {
    const { repository, server } = receivingServer()
    const id = repository.tryGit(['hash-object', '-w', '--stdin'], { input: PLAIN }).stdout.trim()
    const tree = treeOf(repository, [`100644 blob ${id}\tsecrets/x.yaml`])
    const commit = repository.git('commit-tree', '-p', 'main', '-m', 'x', tree).trim()
    expect(isRefused(repository, ['origin', `${commit}:refs/heads/a`])).toBe(true)
    expectNoLeak(server.top, [VALUE])
  })
})

test('what is a link in name alone is judged as what it holds; a link to another file is only named', () => {
  const { repository, server } = receivingServer()
  const start = repository.git('rev-parse', 'HEAD').trim()
  const link = (input: string) => {
    const id = repository.tryGit(['hash-object', '-w', '--stdin'], { input }).stdout.trim()
    repository.git('update-index', '--add', '--cacheinfo', `120000,${id},${SECRET}`)
    repository.git('commit', '--quiet', '--message=x')
    return isRefused(repository, ['origin', 'HEAD:refs/heads/link'])
  }
  expect(link(PLAIN)).toBe(true)
  repository.git('reset', '--quiet', '--soft', start)
  expect(link(`${'x'.repeat(5000)}${VALUE}`)).toBe(true)
  expectNoLeak(server.top, [VALUE])
  repository.git('reset', '--quiet', '--soft', start)
  expect(link('../elsewhere/x.yaml')).toBe(false)
})

test('a repository with a work tree on the server is guarded as well', () => {
  const { repository } = emptyServer()
  repository.git('init', '--quiet', '--initial-branch=main', '../live')
  const live = repositoryIn(join(repository.top, '../live'), repository.env)
  live.git('config', 'receive.denyCurrentBranch', 'updateInstead')
  live.hooks('pre-receive')
  expect(isRefused(repository, ['../live', 'main'])).toBe(false)
  repository.commit({ [SECRET]: PLAIN })
  expect(isRefused(repository, ['../live', 'main'])).toBe(true)
  expectNoLeak(live.top, [VALUE])
})

test('ids of SHA-256 are read as well', async () => {
  const repository = scratchRepository({ rules: '' })
  const sha256 = (name: string, ...more: string[]) => {
    repository.git('init', '--quiet', '--object-format=sha256', '--initial-branch=main', ...more, `../${name}`)
    return repositoryIn(join(repository.top, '..', name), repository.env)
  }
  const [work, server] = [sha256('work'), sha256('other.git', '--bare')]
  server.hooks('pre-receive')
  work.commit({ '.kmsfile.yaml': RULES, [SECRET]: await encrypted(PLAIN) })
  expect(isRefused(work, ['../other.git', 'main'])).toBe(false)
  work.commit({ [SECRET]: PLAIN })
  expect(isRefused(work, ['../other.git', 'main'])).toBe(true)
  expectNoLeak(server.top, [VALUE])
})

/** Writes a tree as it is said, in that order. */
function treeOf(repository: ScratchRepository, entries: readonly string[]): string {
  const bytes = entries.map((entry) => {
    const [, mode = '', id = '', name = ''] = /^(\d+) \w+ (\w+)\t(.*)$/.exec(entry) ?? []
    return Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')])
  })
  const args = ['hash-object', '-t', 'tree', '-w', '--literally', '--stdin']
  const { stdout, stderr } = repository.tryGit(args, { input: Buffer.concat(bytes) })
  if (stdout === '') throw new Error(stderr)
  return stdout.trim()
}

/** A tree with the rules of the last commit and `secrets`. */
function withRules(repository: ScratchRepository, secrets: string): string {
  const rules = repository.git('rev-parse', 'main:.kmsfile.yaml').trim()
  return treeOf(repository, [`100644 blob ${rules}\t.kmsfile.yaml`, `40000 tree ${secrets}\tsecrets`])
}
