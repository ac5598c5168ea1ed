import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { installedRepository, plain } from './installed-repository.ts'
import { expectNoLeak } from './leaks.ts'

describe('a message that was written beside a diff of values keeps nothing of it', () => {
  test.each([
    ['git commit -v', ['commit', '--all', '--verbose'], {}],
    ['git commit -vv, with changes that are not staged', ['commit', '--verbose', '--verbose'], {}],
    ['git commit, where the configuration says so', ['commit', '--all'], { 'commit.verbose': 'true' }],
    ['git commit --amend', ['commit', '--all', '--amend', '--verbose'], {}],
    ['another mark of comments', ['commit', '--all', '--verbose'], { 'core.commentChar': ';' }],
    ['a message taken whole', ['commit', '--all', '--verbose', '--cleanup=scissors'], {}],
  ] as const)('%s', async (_, command, config) => {
    const repository = await installedRepository()
    for (const [name, value] of Object.entries(config)) repository.git('config', name, value)
    await repository.save(plain('third-secret-value'))
    if (!command.includes('--all' as never)) {
      repository.git('add', '.')
      await repository.save(plain('fourth-secret-value'))
    }
    const seen = join(repository.home, 'seen')
    const env = { GIT_EDITOR: `f() { cat "$1" > '${seen}'; sed -i '1s/^/a message/' "$1"; }; f` }
    expect(repository.tryGit(command, { env })).toMatchObject({ code: 0 })
    // The diff was there, with values: otherwise this says nothing.
    expect(readFileSync(seen, 'utf8')).toContain('third-secret-value')
    expect(repository.read('.git/COMMIT_EDITMSG')).toContain('a message')
    expectNoLeak(repository.top, ['third-secret-value', 'fourth-secret-value'], [join(repository.home, 'tmp')])
    expect(repository.git('log', '-1', '--format=%B')).not.toContain('diff --git')
  })
})
