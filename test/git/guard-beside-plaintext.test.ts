import { describe, expect, test } from 'vitest'
import { guardedRepository, PLAINTEXT, SECRET } from './guarded-repository.ts'
import { expectNoLeak } from './leaks.ts'
import { encrypted } from './scratch-repository.ts'

const FILE = 'secrets/prod.yaml'

describe('while plaintext lies in a managed path', () => {
  const withPlaintext = async () => {
    const repository = guardedRepository()
    repository.commit({ [FILE]: await encrypted('db:\n  password: other\n'), 'README.md': 'one\n' })
    repository.git('branch', 'other', 'HEAD')
    repository.write(FILE, PLAINTEXT)
    return repository
  }

  test.each([
    ['git status', ['status']],
    ['git reset --hard', ['reset', '--hard', '--quiet']],
    ['git restore', ['restore', FILE]],
    ['git checkout', ['checkout', '--quiet', '--', FILE]],
    ['git switch', ['switch', '--quiet', 'other']],
    ['git switch --discard-changes', ['switch', '--quiet', '--discard-changes', 'HEAD~1', '--detach']],
    ['git log -p', ['log', '-p', '--', 'README.md']],
    ['git diff of other files', ['diff', '--', 'README.md']],
    ['git diff --cached', ['diff', '--cached']],
    ['git ls-files', ['ls-files', '--stage']],
    ['git gc', ['gc', '--quiet']],
  ])('%s works', async (_, args) => {
    const repository = await withPlaintext()
    expect(repository.tryGit(args)).toMatchObject({ code: 0, stderr: '' })
    expectNoLeak(repository.top, [SECRET])
  })

  test('other files are added and committed', async () => {
    const repository = await withPlaintext()
    repository.write('README.md', 'two\n')
    expect(repository.tryGit(['add', 'README.md']).code).toBe(0)
    expect(repository.tryGit(['commit', '--quiet', '--message=x']).code).toBe(0)
    expectNoLeak(repository.top, [SECRET])
  })

  test('git diff of it stops with the words of the guard', async () => {
    const repository = await withPlaintext()
    const { code, stderr } = repository.tryGit(['diff'])
    expect(code).toBe(128)
    expect(stderr).toContain(`${FILE}:2   db.password   not encrypted`)
    expectNoLeak(repository.top, [SECRET])
  })

  test('a merge is given up', async () => {
    const repository = guardedRepository()
    repository.commit({ [FILE]: await encrypted('a: 1\n') })
    repository.git('switch', '--quiet', '-c', 'theirs')
    repository.commit({ [FILE]: await encrypted('a: 2\n') })
    repository.git('switch', '--quiet', 'main')
    repository.commit({ [FILE]: await encrypted('a: 3\n') })
    expect(repository.tryGit(['-c', 'merge.kmsfile.driver=false', 'merge', '--quiet', 'theirs']).code).toBe(1)
    repository.write(FILE, PLAINTEXT)
    expect(repository.tryGit(['add', FILE]).code).toBe(128)
    expect(repository.tryGit(['merge', '--abort'])).toMatchObject({ code: 0 })
    expect(repository.git('status', '--porcelain')).toBe('')
    expectNoLeak(repository.top, [SECRET])
  })
})
