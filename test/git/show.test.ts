import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { installedRepository, plain, SECRETS } from './installed-repository.ts'
import { expectNoLeak } from './leaks.ts'
import { FILE } from './merge-repository.ts'

const CHANGE = ['-password: hunter2-of-old', '+password: n3w-and-s3cret']

/** Lines that came or went, without the names of files. */
function changed(text: string): string[] {
  return text.split('\n').filter((line) => /^[-+](?![-+])/.test(line))
}

describe('patches show values', () => {
  test.each([
    ['show', []],
    ['diff', ['HEAD~']],
    ['log', ['-p', '-1']],
    ['log', ['-1', '-p', '--', FILE]],
  ])('in git %s %j, and nothing is kept', async (command, args) => {
    const repository = await installedRepository()
    const { code, stdout, stderr } = repository.kmsfile(['git', command, ...args])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(changed(stdout)).toEqual(CHANGE)
    expect(stdout).toContain(`+++ b/${FILE}\n@@ -`)
    expectNoLeak(repository.top, SECRETS, [join(repository.home, 'tmp')])
  })

  test('of what is not committed yet, as it is staged and as it lies there', async () => {
    const repository = await installedRepository()
    await repository.save(plain('not-yet-committed'))
    const expected = ['-password: n3w-and-s3cret', '+password: not-yet-committed']
    expect(changed(repository.kmsfile(['git', 'diff']).stdout)).toEqual(expected)
    repository.git('add', '.')
    expect(changed(repository.kmsfile(['git', 'diff']).stdout)).toEqual([])
    expect(changed(repository.kmsfile(['git', 'diff', '--staged']).stdout)).toEqual(expected)
  })

  test('placeholders without a key, where they are to be hidden, and where git is told so', async () => {
    const repository = await installedRepository()
    const hidden = [/^-password: ENC\[str len=14 #\w{4}\]$/, /^\+password: ENC\[str len=14 #\w{4}\]$/]
    const expected = hidden.map((line) => expect.stringMatching(line))
    expect(changed(repository.kmsfile(['git', 'show', '--redacted']).stdout)).toEqual(expected)
    const env = { KMSFILE_TEXTCONV: 'redacted' }
    expect(changed(repository.kmsfile(['git', 'show'], { env }).stdout)).toEqual(expected)
    repository.as()
    expect(changed(repository.kmsfile(['git', 'show']).stdout)).toEqual(expected)
  })

  test('or only which keys changed', async () => {
    const repository = await installedRepository()
    const { stdout } = repository.kmsfile(['git', 'show', '--keys'])
    expect(stdout).toContain('\n~ password\n')
    for (const secret of SECRETS) expect(stdout).not.toContain(secret)
  })

  test('as many lines around a change as git is asked for, and colours where it is', async () => {
    const repository = await installedRepository()
    const { stdout } = repository.kmsfile(['git', 'show', '-U0', '--color=always'])
    expect(stdout).toContain('\x1b[31m-password: hunter2-of-old\x1b[m\n\x1b[32m+password: n3w-and-s3cret\x1b[m\n')
    expect(stdout).not.toContain('db.internal')
  })

  test('without what a terminal would obey', async () => {
    const repository = await installedRepository()
    await repository.saved('host: db.internal\npassword: "\\e]0;owned\\a"\ntext: |\n  a\n')
    repository.write('evil.json', '{"password": "x"}')
    const { stdout } = repository.kmsfile(['git', 'show'])
    expect(stdout).not.toMatch(/[\x07\x1b]/)
  })
})

test('other files, and what prints no patch, are as git prints them', async () => {
  const repository = await installedRepository()
  repository.commit({ 'a.txt': 'one\ntwo\n', 'b\tc.txt': 'x\n' }, 'others')
  for (const args of [
    ['log', '-p', '--', '*.txt'],
    ['log', '--stat'],
    ['log', '--oneline'],
    ['show', '--name-only'],
  ]) {
    const [command = '', ...rest] = args
    const { stdout } = repository.kmsfile(['git', ...args])
    expect(stdout).toBe(repository.git(command, '--full-index', ...rest))
  }
})

test('the exit code is that of git where somebody asks for it', async () => {
  const repository = await installedRepository()
  expect(repository.kmsfile(['git', 'diff', '--exit-code', 'HEAD~']).code).toBe(1)
  expect(repository.kmsfile(['git', 'diff', '--exit-code', 'HEAD']).code).toBe(0)
  expect(repository.kmsfile(['git', 'log', 'no-such-branch']).code).toBe(7)
})
