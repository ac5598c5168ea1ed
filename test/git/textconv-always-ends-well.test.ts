import { spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { installedRepository, plain } from './installed-repository.ts'
import { expectNoLeak } from './leaks.ts'
import { FILE } from './merge-repository.ts'

describe('a log never ends early', () => {
  test('whatever is in the files', async () => {
    const repository = await installedRepository()
    const encrypted = repository.read(FILE)
    const versions = [
      encrypted.slice(0, 300),
      `<<<<<<< a\n${encrypted}=======\n>>>>>>> b\n`,
      Buffer.from([0xff, 0xfe, 0x00]),
      encrypted.replace(/mac: .*/, 'mac: ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]'),
      '',
      'ENC[AES256_GCM,',
      encrypted.replaceAll('\n', '\r\n'),
    ]
    for (const content of versions) repository.commit({ [FILE]: content })
    repository.commit({ [`secrets/it's "x" $(touch PWNED).yaml`]: encrypted, 'secrets/-v': encrypted })
    const { code, stderr, stdout } = repository.tryGit(['log', '-p', '--text'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.match(/^commit /gm)?.length).toBe(versions.length + 4)
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

test('it works in another work tree, in a bare clone, and with the PATH of graphical programs', async () => {
  const repository = await installedRepository()
  const path = { env: { PATH: '/usr/bin:/bin' } }
  expect(repository.tryGit(['show'], path).stdout).toContain('+password: n3w-and-s3cret')
  repository.git('worktree', 'add', '--quiet', '../tree')
  expect(repository.tryGit(['show'], { ...path, cwd: '../tree' }).stdout).toContain('+password: n3w-and-s3cret')
  repository.git('clone', '--quiet', '--bare', '.', '../bare.git')
  const bare = repository.tryGit(['--git-dir', '../bare.git', 'log', '-p'], path)
  expect(bare.code).toBe(0)
  expect(bare.stdout).toContain('password: ENC[AES256_GCM,')
})

test('a message that was written beside a diff keeps nothing of it', async () => {
  const repository = await installedRepository()
  await repository.save(plain('third-secret-value'))
  const seen = join(repository.home, 'seen')
  const env = { GIT_EDITOR: `cat >> '${seen}' < .git/COMMIT_EDITMSG; sed -i 1s/^/x/` }
  const { code, stderr } = repository.tryGit(['commit', '--all', '--verbose'], { env })
  expect({ code, stderr }).toMatchObject({ code: 0 })
  expect(readFileSync(seen, 'utf8')).toContain('third-secret-value')
  expectNoLeak(repository.top, ['third-secret-value'])
})

test('a reader who has seen enough leaves nothing that runs', async () => {
  const repository = await installedRepository()
  const child = spawn('sh', ['-c', 'git log -p | head -1'], {
    cwd: repository.top,
    env: repository.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^commit [0-9a-f]{40}\n$/) })
})
