import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { installedRepository, plain, SECRETS } from './installed-repository.ts'
import { FILE } from './merge-repository.ts'

describe('git shows values', () => {
  test('but none where they are to be hidden', async () => {
    const repository = await installedRepository('--diff', 'redacted')
    const log = repository.git('log', '-p')
    expect(log).toMatch(/\+password: ENC\[str len=14 #[0-9a-f]{4}\]/)
    for (const secret of SECRETS) expect(log).not.toContain(secret)
    repository.git('config', 'kmsfile.diff', 'plain')
    expect(repository.git('show')).toContain('+password: n3w-and-s3cret')
    expect(repository.tryGit(['show'], { env: { KMSFILE_TEXTCONV: 'redacted' } }).stdout).not.toContain('n3w')
  })

  test('but placeholders to who has no key', async () => {
    const repository = await installedRepository()
    repository.as()
    expect(repository.git('show')).toMatch(/-password: ENC\[str len=14 #\w{4}\]\n\+password: ENC\[str len=14 #\w{4}\]/)
  })

  test('plaintext with a shout', async () => {
    const repository = await installedRepository()
    repository.write(FILE, plain('x'))
    expect(repository.git('diff', '--', FILE)).toContain('+# kmsfile: NOT ENCRYPTED\n')
  })
})

describe('programs get ciphertext', () => {
  test('in a hook of a commit, as git starts them there', async () => {
    const repository = await installedRepository()
    const { stdout } = repository.tryGit(['show'], { env: { GIT_INDEX_FILE: join(repository.top, '.git/index') } })
    expect(stdout).toContain('+password: ENC[AES256_GCM,')
    expect(repository.tryGit(['show'], { env: { KMSFILE_TEXTCONV: 'off' } }).stdout).toContain('ENC[AES256_GCM,')
  })
})
