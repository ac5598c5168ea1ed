import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FILE } from './merge-repository.ts'
import { repositoryIn } from './scratch-repository.ts'
import {
  expectClean,
  extended,
  HOST,
  NEW,
  OLD,
  PATTERN,
  plain,
  type TransparentRepository,
  transparentRepository,
} from './transparent-repository.ts'

const install = (repository: TransparentRepository, ...args: string[]) =>
  repository.kmsfile(['git', 'install', ...args])
const setUp = ({ top }: TransparentRepository) =>
  ['.git/config', '.git/info/attributes'].map((name) => readFileSync(join(top, name), 'utf8'))

describe('switching it on', () => {
  test('changes nothing that is committed, and says what it costs', async () => {
    const repository = await transparentRepository({ options: [] })
    const { code, stderr } = install(repository, '--transparent', PATTERN)
    expect(code).toBe(0)
    expect(stderr).toContain('in backups, in indexes of editors')
    expect(stderr).toContain('git add -p')
    expect(stderr).toContain('1 file: plaintext in the work tree')
    expectClean(repository)
    expect(repository.git('ls-files', '--others')).toBe('')
    repository.expectNoLeak(OLD, HOST)
  })

  test('leaves files that were changed as they are', async () => {
    const repository = await transparentRepository({
      files: { [FILE]: plain(OLD), 'secrets/b.yaml': plain(OLD) },
      options: [],
    })
    await repository.save(plain(NEW))
    const edited = repository.read(FILE)
    const { code, stderr } = install(repository, '--transparent', PATTERN)
    expect(code).toBe(0)
    expect(stderr).toContain(`${FILE}: stays encrypted in the work tree: it was changed since it was staged`)
    expect([repository.read(FILE), repository.read('secrets/b.yaml')]).toEqual([edited, plain(OLD)])
    expect(repository.status()).toBe(` M ${FILE}\n`)
  })

  test('takes several patterns, which a later installation keeps', async () => {
    const files = { 'secrets/a.yaml': plain(OLD), 'secrets/b c.yaml': plain(OLD), 'secrets/d.yaml': plain(OLD) }
    const repository = await transparentRepository({ files, options: [] })
    install(repository, '--transparent', '/secrets/a.yaml', '--transparent', '/secrets/b c.yaml')
    const before = setUp(repository)
    install(repository)
    expect(setUp(repository)).toEqual(before)
    expect(Object.keys(files).map((path) => repository.read(path) === plain(OLD))).toEqual([true, true, false])
    expectClean(repository)
    install(repository, '--transparent', '/secrets/d.yaml')
    expect(Object.keys(files).map((path) => repository.read(path) === plain(OLD))).toEqual([false, false, true])
    expectClean(repository)
  })

  test('writes nothing when it is only tried', async () => {
    const repository = await transparentRepository({ options: [] })
    const before = [...setUp(repository), repository.read(FILE)]
    expect(install(repository, '--transparent', PATTERN, '--dry-run').code).toBe(0)
    expect([...setUp(repository), repository.read(FILE)]).toEqual(before)
  })

  test.each(['.lintstagedrc', 'app/.lintstagedrc.json', 'lint-staged.config.mjs', 'package.json'])(
    'is refused where lint-staged is set up (%s)',
    async (path) => {
      const repository = await transparentRepository({ options: [] })
      const before = setUp(repository)
      repository.write('other/package.json', '{}')
      repository.write(path, '{"lint-staged": {}}')
      const { code, stderr } = install(repository, '--transparent', PATTERN)
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(`${path}: lint-staged is set up`) })
      expect(setUp(repository)).toEqual(before)
      expect(repository.read(FILE)).toContain('ENC[')
    },
  )

  test.each([
    ['other/**', 2],
    ['!secrets/**', 2],
    ['secrets/{a,b}.yaml', 2],
    ['secrets', 2],
    ['secrets/**', 3],
  ])('is refused for the pattern %s that takes nothing, or where no rules can be read', async (pattern, code) => {
    const repository = await transparentRepository({ options: [] })
    const before = setUp(repository)
    if (code === 3) repository.write('.kmsfile.yaml', 'version: 1\nrules: [\n')
    expect(install(repository, '--transparent', pattern).code).toBe(code)
    expect(setUp(repository)).toEqual(before)
    expect(repository.read(FILE)).toContain('ENC[')
  })
})

describe('switching it off', () => {
  test.each([
    ['--no-transparent', ['git', 'install', '--no-transparent']],
    ['uninstall', ['git', 'uninstall']],
  ])('brings the ciphertext back (%s)', async (_, args) => {
    const repository = await transparentRepository({ options: [] })
    const before = [...setUp(repository), repository.read(FILE)]
    install(repository, '--transparent', PATTERN)
    repository.write(FILE, plain(NEW))
    repository.git('add', FILE)
    const staged = repository.stored()
    repository.write('secrets/b.yaml', plain(NEW))
    const { code, stderr } = repository.kmsfile(args)
    expect(code).toBe(0)
    expect(stderr).toContain('secrets/b.yaml: stays plaintext: git does not track it')
    repository.remove('secrets/b.yaml')
    expect(repository.read(FILE)).toBe(staged)
    expect(repository.status()).toBe(`M  ${FILE}\n`)
    if (args[1] === 'install') expect(setUp(repository)).toEqual(before.slice(0, 2))
    else expect(repository.read('.git/config')).not.toContain('transparent')
  })

  test.each([
    ['--no-transparent', ['git', 'install', '--no-transparent']],
    ['uninstall', ['git', 'uninstall']],
  ])('is refused where something was edited, which stays (%s)', async (_, args) => {
    const files = { [FILE]: plain(OLD), 'secrets/b.yaml': plain(OLD), 'secrets/c.yaml': plain(OLD) }
    const repository = await transparentRepository({ files })
    const before = setUp(repository)
    for (const path of [FILE, 'secrets/b.yaml']) repository.write(path, plain(NEW))
    const { code, stderr } = repository.kmsfile(args)
    expect(code).toBe(4)
    for (const path of [FILE, 'secrets/b.yaml']) expect(stderr).toContain(path)
    expect(stderr).not.toContain('c.yaml')
    expect(stderr).not.toContain(NEW)
    expect(setUp(repository)).toEqual(before)
    expect(Object.keys(files).map((path) => repository.read(path))).toEqual([plain(NEW), plain(NEW), plain(OLD)])
  })

  test('is refused without a key, since nobody can tell what was edited', async () => {
    const repository = await transparentRepository()
    repository.as()
    const { code, stderr } = install(repository, '--no-transparent')
    expect({ code, stderr }).toEqual({
      code: 4,
      stderr: expect.stringContaining('whether it was edited cannot be seen'),
    })
    expect(repository.read(FILE)).toBe(plain(OLD))
  })

  test('brings the ciphertext back in all work trees', async () => {
    const repository = await transparentRepository()
    repository.git('worktree', 'add', '--quiet', '../linked', '-b', 'other')
    const linked = extended({ ...repository, ...repositoryIn(join(repository.home, 'linked'), repository.env) })
    linked.write(FILE, plain(NEW))
    const refused = install(repository, '--no-transparent')
    expect({ ...refused, stdout: '' }).toEqual({
      code: 4,
      stdout: '',
      stderr: expect.stringContaining('linked/secrets'),
    })
    linked.write(FILE, plain(OLD))
    expect(install(repository, '--no-transparent').code).toBe(0)
    for (const tree of [repository, linked]) {
      expect(tree.read(FILE)).toContain('ENC[')
      expectClean(tree)
    }
    install(repository, '--transparent', PATTERN)
    expect([repository.read(FILE), linked.read(FILE)]).toEqual([plain(OLD), plain(OLD)])
    for (const tree of [repository, linked]) expectClean(tree)
  })
})

test('a file that somebody edits while it is rewritten is not overwritten', async () => {
  const repository = await transparentRepository()
  const { planLeaving, rewriteFiles } = await import('../../src/git/filters/transparent.ts')
  const workspace = repository.workspace()
  const own = await workspace.repository(join(repository.top, 'x'))
  if (own === undefined) throw new Error('no repository')
  const plans = await planLeaving(workspace, own, [])
  writeFileSync(join(repository.top, FILE), plain(NEW))
  await expect(rewriteFiles(plans)).rejects.toMatchObject({ code: 'FILE_CHANGED' })
  expect(repository.read(FILE)).toBe(plain(NEW))
})
