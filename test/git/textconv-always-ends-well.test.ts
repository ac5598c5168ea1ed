import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { installedRepository } from './installed-repository.ts'
import { FILE } from './merge-repository.ts'

describe('a log never ends early', () => {
  test('whatever the files are called', async () => {
    const repository = await installedRepository()
    const encrypted = repository.read(FILE)
    const names = [
      `it's "x" $(touch PWNED).yaml`,
      '-v',
      ' ',
      'line\nbreak.yaml',
      '\x1b]0;x\x07.yaml',
      '\u202ereversed.yaml',
    ]
    repository.commit(Object.fromEntries(names.map((name) => [`secrets/${name}`, encrypted])))
    for (const run of [repository.tryGit, (args: readonly string[]) => repository.kmsfile(['git', ...args])]) {
      const { code, stderr, stdout } = run(['log', '-p', '--format=%x61 commit'])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout.match(/^a commit$/gm)).toHaveLength(4)
      expect(stdout.match(/^\+password: n3w-and-s3cret$/gm)).toHaveLength(names.length + 1)
      expect(stdout).not.toMatch(/[\x07\x1b]/)
    }
    expect(repository.git('ls-files', '--others')).toBe('')
  })

  test('whoever is asked for a key', async () => {
    const repository = await installedRepository()
    const env = { KMSFILE_AGE_KEY: '', KMSFILE_AGE_KEY_CMD: 'sleep 60' }
    const { code, stdout } = repository.tryGit(['cat-file', '--textconv', `HEAD:${FILE}`], { env })
    expect(code).toBe(0)
    expect(stdout).toContain('ENC[str len=14')
  })

  test('where the program is gone, or breaks', async () => {
    const repository = await installedRepository()
    rmSync(join(repository.home, 'bin/kmsfile'))
    writeFileSync(join(repository.home, 'bin/kmsfile'), '#!/bin/sh\nexit 3\n', { mode: 0o755 })
    repository.git(
      'config',
      'diff.kmsfile.textconv',
      repository
        .git('config', 'diff.kmsfile.textconv')
        .trim()
        .replace(/test -x/, 'false && test -x'),
    )
    const { code, stdout } = repository.tryGit(['log', '-p'])
    expect(code).toBe(0)
    expect(stdout).toContain('+password: ENC[AES256_GCM,')
  })
})
