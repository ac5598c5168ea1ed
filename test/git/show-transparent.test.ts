import { appendFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { installedRepository, plain } from './installed-repository.ts'
import { FILE } from './merge-repository.ts'

/** A file that lies in the work tree as plaintext, changed since; to git it is what the filter makes of it. */
async function transparent() {
  const repository = await installedRepository()
  const { git, home, save, top, write } = repository
  const path = `secrets/$(touch PWNED) "x".yaml`
  for (const file of [FILE, path]) await save(plain('n3w-and-s3cret'), file)
  repository.commit({}, 'two files')
  await save(plain('third'))
  renameSync(join(top, FILE), join(home, 'encrypted'))
  git('config', 'filter.kmsfile-transparent.clean', `cat '${join(home, 'encrypted')}'`)
  git('config', 'filter.kmsfile-transparent.required', 'true')
  git('config', 'kmsfile.transparent', '/secrets/**')
  appendFileSync(join(top, '.git/info/attributes'), '/secrets/** filter=kmsfile-transparent !diff\n')
  for (const file of [FILE, path]) write(file, plain('third'))
  return repository
}

const changed = (text: string) => text.split('\n').filter((line) => /^[-+~!](?![-+])/.test(line))
const VALUES = ['-password: n3w-and-s3cret', '+password: third']

describe('a file that is meant to be plaintext in the work tree', () => {
  test('is compared with the values that are staged', async () => {
    const repository = await transparent()
    for (const args of [
      ['diff'],
      ['diff', 'HEAD'],
      ['diff', '--no-prefix'],
      ['diff', '--src-prefix=x/y', '--dst-prefix=z'],
    ]) {
      const { code, stdout, stderr } = repository.kmsfile(['git', ...args])
      const lines = changed(stdout)
      // A prefix of several folders leads to no file here: then it is as git shows it.
      const expected =
        args.length === 3 ? expect.not.arrayContaining(['+# kmsfile: NOT ENCRYPTED']) : [...VALUES, ...VALUES]
      expect({ args, code, stderr, lines }).toEqual({ args, code: 0, stderr: '', lines: expected })
      expect(stdout).not.toContain('NOT ENCRYPTED')
    }
    expect(repository.git('ls-files', '--others')).not.toContain('PWNED')
  })

  test('is compared key by key', async () => {
    const repository = await transparent()
    expect(changed(repository.kmsfile(['git', 'diff', '--values', '--', FILE]).stdout)).toEqual([
      '~ password: "n3w-and-s3cret" -> "third"',
    ])
    expect(changed(repository.kmsfile(['git', 'diff', '--keys', '--', FILE]).stdout)).toEqual(['~ password'])
  })

  test.each([
    ['where values are to be hidden', ['--redacted'], true],
    ['to who has no key for what is staged', [], false],
  ])('%s, shows none', async (_, options, hasKey) => {
    const repository = await transparent()
    if (!hasKey) repository.as()
    const { code, stdout } = repository.kmsfile(['git', 'diff', ...options, '--', FILE])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^-password: ENC\[str len=14 #\w{4}\]\n\+password: ENC\[str len=5 #\w{4}\]$/m)
    expect(stdout).not.toContain('third')
  })
})

test('plaintext elsewhere still shouts', async () => {
  const repository = await transparent()
  repository.write('.git/info/attributes', '[attr]kmsfile diff=kmsfile merge=kmsfile -text\n')
  expect(repository.kmsfile(['git', 'diff', '--', FILE]).stdout).toContain('+# kmsfile: NOT ENCRYPTED\n')
})
