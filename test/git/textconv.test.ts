import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { installedRepository, plain, SECRETS } from './installed-repository.ts'
import { expectNoLeak } from './leaks.ts'
import { FILE } from './merge-repository.ts'

describe('git shows values', () => {
  test('in all its views of history, and keeps none of them', async () => {
    const repository = await installedRepository()
    for (const args of [
      ['log', '-p'],
      ['show'],
      ['diff', 'HEAD~'],
      ['blame', FILE],
      ['grep', '--textconv', 'password'],
      ['cat-file', '--textconv', `HEAD:${FILE}`],
      ['log', '-S', 'n3w-and', '--oneline', '-p'],
    ]) {
      const { code, stdout, stderr } = repository.tryGit(args)
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' })
      expect(stdout).toContain('n3w-and-s3cret')
    }
    expect(repository.git('show-ref')).not.toContain('notes')
    expectNoLeak(repository.top, SECRETS, [join(repository.home, 'tmp')])
  })

  test('and none where they are to be hidden', async () => {
    const repository = await installedRepository('--diff', 'redacted')
    const log = repository.git('log', '-p')
    expect(log).toMatch(/\+password: ENC\[str len=14 #[0-9a-f]{4}\]/)
    for (const secret of SECRETS) expect(log).not.toContain(secret)
    repository.git('config', 'kmsfile.diff', 'plain')
    expect(repository.git('show')).toContain('+password: n3w-and-s3cret')
    expect(repository.tryGit(['show'], { env: { KMSFILE_TEXTCONV: 'redacted' } }).stdout).not.toContain('n3w')
  })

  test('and placeholders to who has no key', async () => {
    const repository = await installedRepository()
    repository.as()
    expect(repository.git('show')).toMatch(/-password: ENC\[str len=14 #\w{4}\]\n\+password: ENC\[str len=14 #\w{4}\]/)
  })

  test('a change of keys alone, which would be an empty diff otherwise', async () => {
    const repository = await installedRepository()
    repository.rule('ana', 'ben', 'cat')
    const { code, stderr } = repository.kmsfile(['updatekeys', '--yes', FILE])
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const diff = repository.git('diff', '--', FILE)
    expect(diff.split('\n').filter((line) => /^[-+](?![-+])/.test(line))).toEqual([
      expect.stringMatching(/^\+# kmsfile: for age1/),
    ])
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

  test('as patches, which apply', async () => {
    const repository = await installedRepository()
    await repository.save(plain('third'))
    const patch = repository.git('diff', '--no-textconv', '--binary')
    const wanted = repository.read(FILE)
    repository.git('checkout', '--quiet', '.')
    expect(repository.tryGit(['apply'], { input: patch }).code).toBe(0)
    expect(repository.read(FILE)).toBe(wanted)
    expect(repository.git('format-patch', '--stdout', 'HEAD~')).toContain('ENC[AES256_GCM,')
  })
})
