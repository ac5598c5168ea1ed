import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { expectNoLeak } from './leaks.ts'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'
import type { Ran } from './scratch-repository.ts'

const BASE = 'a: base-secret\nb: kept-secret\n'
const OURS = BASE.replace('base', 'our')
const THEIRS = BASE.replace('base', 'their')
const SECRETS = ['base-secret', 'kept-secret', 'our-secret', 'their-secret']

const WAYS: Readonly<Record<string, (repository: MergeRepository) => Ran | Promise<Ran>>> = {
  'a merge': (repository) => repository.merge('feature'),
  'a merge that prefers ours': (repository) => repository.merge('-X', 'ours', 'feature'),
  'a merge that prefers theirs': (repository) => repository.merge('-X', 'theirs', 'feature'),
  'a merge by the older strategy': (repository) => repository.merge('-s', 'recursive', 'feature'),
  'a merge without a driver': (repository) => repository.merge('-s', 'resolve', 'feature'),
  'a squash': (repository) => repository.merge('--squash', 'feature'),
  'a pick': (repository) => repository.tryGit(['cherry-pick', 'feature']),
  'a rebase that runs a command': (repository) =>
    repository.tryGit(['rebase', '--exec', 'git diff HEAD~1 >/dev/null', 'feature']),
  'a revert': async (repository) => {
    await repository.saved(OURS.replace('our-', 'last-'))
    return repository.tryGit(['revert', '--no-edit', 'HEAD~1'])
  },
  'a stash that comes back': async (repository) => {
    await repository.save(THEIRS)
    repository.git('stash')
    await repository.saved(OURS.replace('our-', 'last-'))
    return repository.tryGit(['stash', 'pop'])
  },
  'a change of branches with work at hand': async (repository) => {
    await repository.save(OURS.replace('our-', 'last-'))
    const ran = repository.tryGit(['checkout', '--merge', 'feature'])
    return { ...ran, code: repository.git('ls-files', '--unmerged') === '' ? 0 : 1 }
  },
  'patches with three versions': (repository) => {
    const input = repository.git(
      'format-patch',
      '--stdout',
      '--no-textconv',
      '--full-index',
      '--binary',
      '-1',
      'feature',
    )
    return repository.tryGit(['am', '--3way'], { input })
  },
  'a merge without a work tree': (repository) => repository.tryGit(['merge-tree', '--write-tree', 'HEAD', 'feature']),
  'several branches at once': async (repository) => {
    await repository.branch('third', () => repository.saved(BASE.replace('base', 'last')), 'HEAD~1')
    return repository.merge('feature', 'third')
  },
}

test.each(Object.entries(WAYS))('leaves no plaintext anywhere by %s that ends in a conflict', async (name, run) => {
  const repository = await diverged()
  const { code } = await run(repository)
  expect(code).not.toBe(0)
  expectNoLeak(repository.top, [...SECRETS, 'last-secret'], [repository.top, repository.home])
  // What git merges without us has marks, between ciphertext.
  expect(readdirSync(join(repository.top, '.git/rr-cache'))).toHaveLength(name === 'a merge without a driver' ? 1 : 0)
  expect(readdirSync(repository.top).filter((name) => name.startsWith('.merge_file'))).toEqual([])
  // Whatever was under way is undone.
  for (const command of ['merge', 'cherry-pick', 'rebase', 'revert', 'am']) repository.tryGit([command, '--abort'])
  expectNoLeak(repository.top, [...SECRETS, 'last-secret'], [repository.top, repository.home])
})

test('leaves none where a conflict is looked at, resolved, and looked at again', async () => {
  const repository = await diverged()
  repository.merge('feature')
  repository.tryGit(['diff'])
  repository.tryGit(['diff', '--theirs'])
  repository.git('checkout', '--merge', '--', FILE)
  expect(repository.kmsfile(['git', 'resolve', '--theirs', FILE]).code).toBe(0)
  repository.git('add', FILE)
  repository.git('commit', '--quiet', '--no-edit')
  expect(repository.plain()).toBe(THEIRS)
  expect(repository.tryGit(['show', '--remerge-diff', '--format=']).code).toBe(0)
  expect(repository.git('status', '--porcelain')).toBe('')
  expectNoLeak(repository.top, SECRETS, [repository.top, repository.home])
})

/** Both sides change one value; git remembers resolutions. */
async function diverged(): Promise<MergeRepository> {
  const repository = mergeRepository()
  repository.git('config', 'rerere.enabled', 'true')
  repository.git('config', 'rerere.autoUpdate', 'true')
  repository.write('.git/rr-cache/.keep', '')
  repository.remove('.git/rr-cache/.keep')
  await repository.saved(BASE)
  await repository.branch('feature', () => repository.saved(THEIRS))
  await repository.saved(OURS)
  return repository
}
