import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { expectNoLeak, findLeaks } from './leaks.ts'
import { COMMIT_HOOKS, encrypted, type ScratchRepository, scratchRepository } from './scratch-repository.ts'

const SECRET = 'secrets/x.yaml'

test('leaves no decrypted diff in the message that git keeps', async () => {
  const repository = await decrypting()
  repository.git('commit', '--quiet', '--verbose')
  expect(findLeaks(repository.top, ['hunter2'])).toHaveLength(1)

  repository.hooks(...COMMIT_HOOKS, 'post-commit')
  repository.write(SECRET, await encrypted('password: hunter4\n'))
  repository.git('add', '--all')
  repository.git('-c', 'core.commentChar=;', 'commit', '--quiet', '--verbose', '--allow-empty-message')
  expectNoLeak(repository.top, ['hunter2', 'hunter4'])
  const message = repository.read('.git/COMMIT_EDITMSG')
  expect(message).toContain('; Changes to be committed')
  expect(message).not.toContain('\0')
})

test('leaves none either where the commit is refused', async () => {
  const repository = await decrypting()
  repository.hooks('prepare-commit-msg')
  repository.write('secrets/y.yaml', 'a: 1\n')
  repository.git('add', '--all')
  expect(repository.tryGit(['commit', '--verbose']).code).toBe(1)
  expect(repository.read('.git/COMMIT_EDITMSG')).not.toContain('hunter2')
})

test('leaves a message alone that has no diff', async () => {
  const repository = scratchRepository()
  repository.hooks('post-commit')
  repository.git('commit', '--quiet', '--allow-empty', '--message=text\n\n# >8 not these')
  expect(repository.read('.git/COMMIT_EDITMSG')).toBe('text\n\n# >8 not these\n')
  expect(existsSync(`${repository.top}/.git/index.lock`)).toBe(false)
})

/** A repository whose diffs show what is encrypted, with a change that is staged. */
async function decrypting(): Promise<ScratchRepository> {
  const repository = scratchRepository()
  repository.git('config', 'diff.kmsfile.textconv', `f() { sed 's/ENC.*/hun''ter2/' "$1"; }; f`)
  repository.git('config', 'core.editor', `f() { sed -i '1s/^/a message/' "$1"; }; f`)
  repository.commit({ '.gitattributes': '*.yaml diff=kmsfile\n', [SECRET]: await encrypted('password: hunter3\n') })
  repository.write(SECRET, await encrypted('password: hunter2\n'))
  repository.git('add', '--all')
  delete (repository.env as Record<string, string>)['GIT_EDITOR']
  return repository
}
