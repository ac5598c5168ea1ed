import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { installedRepository, plain } from './installed-repository.ts'
import { FILE } from './merge-repository.ts'

test('a diff of values applies to nothing, one of ciphertext does', async () => {
  const repository = await installedRepository()
  await repository.save(plain('third'))
  const wanted = repository.read(FILE)
  const shown = repository.git('diff')
  const patch = repository.git('diff', '--no-textconv')
  repository.git('checkout', '--quiet', '.')
  expect(shown).toContain('+password: third\n')
  expect(repository.tryGit(['apply'], { input: shown }).code).not.toBe(0)
  expect(repository.tryGit(['apply'], { input: patch }).code).toBe(0)
  expect(repository.read(FILE)).toBe(wanted)
  expect(repository.plain()).toBe(plain('third'))
})

test('what is sent by mail is ciphertext, and arrives', async () => {
  const repository = await installedRepository()
  repository.git('clone', '--quiet', '.', '../clone')
  await repository.saved(plain('third'))
  const mail = repository.git('format-patch', '--stdout', 'HEAD~')
  expect(mail).toContain('+password: ENC[AES256_GCM,')
  expect(mail).not.toContain('third')
  expect(repository.tryGit(['am', '--quiet'], { cwd: '../clone', input: mail }).code).toBe(0)
  expect(repository.tryGit(['rev-parse', `HEAD:${FILE}`], { cwd: '../clone' }).stdout).toBe(
    repository.git('rev-parse', `HEAD:${FILE}`),
  )
})

test('the documentation says so', () => {
  const text = readFileSync(new URL('../../docs/git.md', import.meta.url), 'utf8')
  expect(text).toContain('git diff --no-textconv > patch')
  expect(text).toContain('git format-patch')
})
