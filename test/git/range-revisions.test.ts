import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  check,
  encrypted,
  RULES,
  repositoryIn,
  type ScratchRepository,
  scratchRepository,
} from './scratch-repository.ts'

const PLAIN = 'db:\n  password: hunter2\n'
const SECRET = 'secrets/x.yaml'
const FOUND = [`refuse plaintext ${SECRET}:2 db.password`]

const range = (repository: ScratchRepository, revisions = 'main..HEAD') =>
  check(repository, [`--range=${revisions}`]).filter((found) => found.startsWith('refuse'))

describe('a range', () => {
  test('with a merge of several branches at once is judged commit by commit, and the merge for itself', async () => {
    const repository = branched()
    repository.commit({ zero: '1' })
    for (const name of ['one', 'two', 'three']) {
      repository.git('checkout', '--quiet', '-b', name, 'main')
      repository.commit({ [name]: '1' })
    }
    repository.git('checkout', '--quiet', 'branch')
    repository.git('merge', '--quiet', '--no-edit', 'one', 'two', 'three')
    expect(repository.git('rev-list', '--parents', '--max-count=1', 'HEAD').split(' ')).toHaveLength(5)
    expect(range(repository)).toEqual([])
    repository.write(SECRET, PLAIN)
    repository.git('add', '--all')
    repository.git('commit', '--quiet', '--amend', '--no-edit')
    repository.commit({ [SECRET]: await encrypted(PLAIN) })
    expect(range(repository)).toEqual(FOUND)

    repository.git('checkout', '--quiet', 'two')
    repository.commit({ [SECRET]: PLAIN })
    repository.commit({ [SECRET]: '' })
    repository.git('checkout', '--quiet', '-B', 'branch', 'main')
    repository.git('merge', '--quiet', '--no-edit', 'one', 'two', 'three')
    expect(range(repository)).toEqual(FOUND)
  })

  test('that has a first commit of its own is judged by the rules of the target all the same', () => {
    const repository = branched()
    repository.git('checkout', '--quiet', '--orphan', 'alien')
    repository.git('rm', '--quiet', '-r', '--cached', '.')
    repository.remove('.kmsfile.yaml')
    repository.commit({ [SECRET]: PLAIN })
    expect(range(repository, 'main..alien')).toEqual(FOUND)
    expect(check(repository, ['--range=main..alien']).at(-1)).toMatch(/^note not-compared/)
    repository.commit({ [SECRET]: '' })
    repository.git('checkout', '--quiet', '--force', 'branch')
    repository.git('merge', '--quiet', '--no-edit', '--allow-unrelated-histories', 'alien')
    expect(range(repository)).toEqual([FOUND[0]?.replace('plaintext', 'rule-removed')])
  })

  test('finds what becomes a secrets file, or stays none, by another name alone', () => {
    const repository = branched()
    repository.commit({ 'plain.yaml': PLAIN })
    repository.git('config', 'diff.renames', 'copies')
    repository.git('branch', '--force', 'main')
    repository.git('mv', 'plain.yaml', 'elsewhere.yaml')
    repository.commit({})
    expect(range(repository)).toEqual([])
    repository.write(SECRET, '')
    repository.git('mv', '--force', 'elsewhere.yaml', SECRET)
    repository.commit({})
    expect(range(repository)).toEqual(FOUND)
  })

  test('with submodules takes no interest in what is in them', () => {
    const repository = branched()
    const library = scratchRepository()
    library.commit({ [SECRET]: PLAIN })
    repository.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library.top, 'secrets/library')
    repository.commit({})
    expect(range(repository)).toEqual([])
    repository.git('rm', '--quiet', '-r', '--force', 'secrets/library')
    repository.commit({ 'secrets/library': PLAIN })
    expect(range(repository)).toEqual(['refuse plaintext secrets/library'])
  })

  test('leads from a commit that is not among those before, or from nothing new', () => {
    const repository = branched()
    repository.commit({ [SECRET]: PLAIN })
    repository.git('checkout', '--quiet', 'main')
    repository.commit({ other: '1' })
    expect(repository.tryGit(['merge-base', '--is-ancestor', 'main', 'branch']).code).toBe(1)
    expect(range(repository, 'main..branch')).toEqual(FOUND)
    expect(range(repository, 'branch..main')).toEqual([])
    expect(range(repository, 'branch..branch')).toEqual([])
    expect(range(repository, 'branch..branch~1')).toEqual([])
  })

  test.each([
    'no-such..HEAD',
    'main..no-such',
    'main',
    '..HEAD',
    '--output=x..HEAD',
    'main..--output=x',
    '-x..HEAD',
    'main..HEAD^{tree}',
    `main..${'0'.repeat(40)}`,
    'main..HEAD main..HEAD',
    'main..HEAD\n--all',
    `HEAD:${SECRET}..HEAD`,
    '',
  ])('%j is none', (name) => {
    const repository = branched()
    const { code, stdout } = repository.kmsfile(['git', 'check', `--range=${name}`])
    expect([code, stdout]).toEqual([2, ''])
  })

  test('is named by anything that git takes for a commit', () => {
    const repository = branched()
    repository.git('tag', '-a', '-m', 'x', 'v1', 'main')
    repository.commit({ [SECRET]: PLAIN }, 'the message')
    for (const name of ['v1..HEAD', 'HEAD~1..HEAD', 'main...branch', 'refs/tags/v1^{}..', '@~..@', 'HEAD^{/rules}..']) {
      expect([name, range(repository, name)]).toEqual([name, FOUND])
    }
  })
})

test('what git shows in place of commits, trees and contents hides nothing from any check', async () => {
  const repository = branched()
  const bad = repository.commit({ [SECRET]: PLAIN })
  const id = (name: string) => repository.git('rev-parse', name).trim()
  const good = repository.tryGit(['hash-object', '-w', '--stdin'], { input: await encrypted(PLAIN) }).stdout.trim()
  const [blob, tree, oldTree] = [id(`HEAD:${SECRET}`), id('HEAD^{tree}'), id('main^{tree}')]
  const clean = repository.git('commit-tree', '-p', 'main', '-m', 'x', oldTree).trim()
  for (const [object, by] of [
    [bad, clean],
    [tree, oldTree],
    [blob, good],
  ] as const) {
    repository.git('replace', '--force', object, by)
    for (const args of [['--range=main..HEAD'], ['--tree=HEAD'], ['--all-history'], ['--staged']]) {
      expect([args, check(repository, args)]).toEqual([args, FOUND])
    }
    repository.git('replace', '-d', object)
  }
})

test('files that are not checked out are judged as all others', () => {
  const repository = branched()
  repository.commit({ [SECRET]: PLAIN, 'src/a': '1' })
  repository.git('sparse-checkout', 'set', '--cone', '--sparse-index', 'src')
  expect(() => repository.read(SECRET)).toThrow()
  for (const args of [['--range=main..HEAD'], ['--tree=HEAD'], ['--staged'], ['--all-history']]) {
    expect([args, check(repository, args)]).toEqual([args, FOUND])
  }
})

test('a clone without some commits is an error wherever they would be looked at, and none where they would not', () => {
  const repository = branched()
  repository.commit({ [SECRET]: PLAIN })
  repository.commit({ [SECRET]: '' })
  for (const more of [['--depth=1'], ['--depth=2', '--bare'], ['--shallow-exclude=main']]) {
    const name = `../shallow${more.length}${more[0]?.length}`
    repository.git('clone', '--quiet', ...more, `file://${repository.top}`, name)
    const shallow = repositoryIn(join(repository.top, name), repository.env)
    const env = more.includes('--bare') ? { GIT_DIR: '.' } : {}
    for (const args of [['--range=HEAD..HEAD'], ['--all-history']]) {
      const { code, stdout, stderr } = shallow.kmsfile(['git', 'check', ...args], { env })
      expect([more, args, code, stdout, stderr.includes('fetch-depth: 0')]).toEqual([more, args, 7, '', true])
    }
    expect(shallow.kmsfile(['git', 'check', '--tree', 'HEAD'], { env }).code).toBe(0)
  }
})

test('a linked work tree of a shallow clone is one as well', () => {
  const repository = branched()
  repository.commit({ '.kmsfile.yaml': RULES, a: '1' })
  repository.git('clone', '--quiet', '--depth=1', `file://${repository.top}`, '../shallow')
  const shallow = repositoryIn(join(repository.top, '../shallow'), repository.env)
  shallow.git('worktree', 'add', '--quiet', '../linked')
  const linked = repositoryIn(join(repository.top, '../linked'), repository.env)
  expect(linked.kmsfile(['git', 'check', '--range', 'HEAD..HEAD']).code).toBe(7)
})

/** A repository on a branch that leads to the same commit as `main`. */
function branched(): ScratchRepository {
  const repository = scratchRepository()
  repository.commit({ readme: 'x' })
  repository.git('checkout', '--quiet', '-b', 'branch')
  return repository
}
