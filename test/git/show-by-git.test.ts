import { describe, expect, test } from 'vitest'
import { installedRepository, SECRETS } from './installed-repository.ts'

describe('what git is asked to do with values itself, its driver does', () => {
  test('a search finds what was encrypted', async () => {
    const repository = await installedRepository()
    const commits = repository.git('log', '--format=%H', '-S', SECRETS[1])
    expect(commits).toBe(repository.git('rev-parse', 'HEAD'))
    expect(repository.kmsfile(['git', 'log', '--format=%H', '-S', SECRETS[1]]).stdout).toBe(commits)
    const { stdout } = repository.kmsfile(['git', 'log', '--format=', '-p', '--values', `-G${SECRETS[1]}`])
    expect(stdout).toContain(`\n~ password: "${SECRETS[0]}" -> "${SECRETS[1]}"\n`)
  })

  test('words are marked, white space counts for nothing, lines have a prefix', async () => {
    const repository = await installedRepository()
    for (const args of [['--word-diff'], ['-w'], ['--line-prefix=> '], ['--color=always', '--color-words']]) {
      const own = repository.kmsfile(['git', 'show', ...args])
      expect({ args, ...own }).toEqual({
        args,
        code: 0,
        stderr: '',
        stdout: repository.git('show', '--full-index', ...args),
      })
      expect(own.stdout).toContain(SECRETS[1])
      expect(repository.kmsfile(['git', 'show', '--redacted', ...args]).stdout).not.toContain(SECRETS[1])
    }
  })

  test('nothing where no driver is set up: then it is ciphertext', async () => {
    const repository = await installedRepository()
    repository.git('config', '--unset', 'diff.kmsfile.textconv')
    expect(repository.kmsfile(['git', 'log', '-S', SECRETS[1]])).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(repository.kmsfile(['git', 'show', '-w']).stdout).toContain(SECRETS[1])
  })
})
