import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { configFinder, findRule } from '../../src/config/find.ts'
import { managedFiles } from '../../src/config/managed-files.ts'

const A = 'age1e6jfj38eg03495muvgqzgupr98g0ldyxcqnydtdczpqen7tpcpmsxwkpsg'
const B = 'age13y07crjw3djw9lzgq6ewcg68wmd7rgx9wk06mn6ea4p2gnjjtuaspvd8g4'

let top: string
beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'kmsfile-find-'))
})
afterEach(() => rm(top, { recursive: true }))

/** Writes files below the temporary folder; a name that ends with a slash is a folder. */
async function write(files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    const full = join(top, path)
    await mkdir(path.endsWith('/') ? full : dirname(full), { recursive: true })
    if (!path.endsWith('/')) await writeFile(full, text)
  }
}

const ours = (glob: string, recipient = A, more = '') =>
  `version: 1\nrules:\n  - files: [${JSON.stringify(glob)}]\n    keys: [{ age: ${recipient} }]\n${more}`
const sops = (regex: string, recipient = A) => `creation_rules:\n  - path_regex: ${regex}\n    age: ${recipient}\n`
const hostIn = (folder: string, env: Record<string, string> = {}) => ({ host: { cwd: join(top, folder), env } })
const recipientOf = async (file: string, options: Parameters<typeof configFinder>[0]) => {
  const { groups } = await findRule(file, options)
  return groups.flat().map((key) => (key.type === 'age' ? key.recipient : key.type))
}

describe('the configuration of a file', () => {
  test('is looked for from the folder of the file, not from the working directory', async () => {
    await write({
      'repo/.git/': '',
      'repo/.kmsfile.yaml': ours('secrets/**'),
      'repo/secrets/x.yaml': '',
      'other/.kmsfile.yaml': ours('*', B),
    })
    expect(await recipientOf('../repo/secrets/x.yaml', hostIn('other'))).toEqual([A])
    expect(await recipientOf(join(top, 'repo/secrets/new/folder/y.yaml'), hostIn('other'))).toEqual([A])
    expect(await recipientOf('x.yaml', hostIn('repo/secrets'))).toEqual([A])
  })

  test.each(['repo/.git/', 'repo/.git'])('is not looked for above the top of the repository (%s)', async (git) => {
    await write({ '.kmsfile.yaml': ours('*'), '.sops.yaml': sops('x'), [git]: 'gitdir: elsewhere', 'repo/a/x': '' })
    await expect(findRule('a/x', hostIn('repo'))).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND', file: 'a/x' })
  })

  test('outside of any repository is looked for up to the root', async () => {
    await write({ '.kmsfile.yaml': ours('*'), 'a/b/c/x': '' })
    expect(await recipientOf('x', hostIn('a/b/c'))).toEqual([A])
  })

  test('of kmsfile goes before one of sops, even where that is nearer', async () => {
    await write({ '.git/': '', '.kmsfile.yaml': ours('*'), 'a/.sops.yaml': sops('x', B), 'a/x': '' })
    expect(await recipientOf('a/x', hostIn(''))).toEqual([A])
  })

  test('of sops is the nearest, and paths are relative to it', async () => {
    await write({ '.git/': '', '.sops.yaml': sops('.', A), 'a/.sops.yaml': sops('^x$', B), 'a/x': '', 'a/b/x': '' })
    expect(await recipientOf('a/x', hostIn(''))).toEqual([B])
    await expect(findRule('a/b/x', hostIn(''))).rejects.toMatchObject({ code: 'CONFIG_NO_RULE' })
  })

  test('of sops is not read where there is one of kmsfile', async () => {
    await write({ '.git/': '', '.kmsfile.yaml': ours('*'), '.sops.yaml': 'creation_rules: [' })
    expect(await recipientOf('x', hostIn(''))).toEqual([A])
  })

  test('a file .sops.yml is warned of', async () => {
    await write({ '.git/': '', '.sops.yml': sops('x') })
    const finder = configFinder(hostIn(''))
    expect(await finder.ruleIfAny('x')).toBeUndefined()
    expect(await finder.ruleIfAny('a/x')).toBeUndefined()
    expect(finder.warnings()).toEqual([{ file: '.sops.yml', message: expect.stringContaining('.sops.yaml') }])
  })

  test('that has no rule for the file says so, with what to do', async () => {
    await write({ '.git/': '', '.kmsfile.yaml': ours('secrets/**'), x: '' })
    await expect(findRule('x', hostIn(''))).rejects.toMatchObject({
      code: 'CONFIG_NO_RULE',
      file: 'x',
      hint: expect.stringContaining('.kmsfile.yaml'),
    })
    expect(await configFinder(hostIn('')).ruleIfAny('x')).toBeUndefined()
  })

  test('that is malformed is named from the working directory', async () => {
    await write({ '.git/': '', '.kmsfile.yaml': 'version: 2\n', 'a/x': '' })
    await expect(findRule('x', hostIn('a'))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      file: join(top, '.kmsfile.yaml'),
    })
    await expect(findRule('a/x', hostIn(''))).rejects.toMatchObject({ file: '.kmsfile.yaml', line: 1, column: 10 })
  })

  test('that is not UTF-8, too large or a folder is refused', async () => {
    await write({ '.git/': '', 'a/.kmsfile.yaml/': '' })
    await writeFile(join(top, '.kmsfile.yaml'), Buffer.from('version: 1\n\xff', 'latin1'))
    await expect(findRule('x', hostIn(''))).rejects.toMatchObject({ code: 'CONFIG_INVALID', line: 2, column: 1 })
    await writeFile(join(top, '.kmsfile.yaml'), `${ours('*')}#${' '.repeat(1024 * 1024)}`)
    await expect(findRule('x', hostIn(''))).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await writeFile(join(top, '.kmsfile.yaml'), ours('*'))
    await expect(findRule('a/x', hostIn(''))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
  })

  test('judges a link by its own path', async () => {
    await write({ '.git/': '', '.kmsfile.yaml': ours('secrets/**'), 'elsewhere/x': '', 'secrets/': '' })
    await symlink('../elsewhere/x', join(top, 'secrets/link'))
    expect(await recipientOf('secrets/link', hostIn(''))).toEqual([A])
    await expect(findRule('elsewhere/x', hostIn(''))).rejects.toMatchObject({ code: 'CONFIG_NO_RULE' })
  })
})

describe('a configuration further down', () => {
  test('goes before that of the top, which has the files that it leaves', async () => {
    await write({ '.git/': '', '.kmsfile.yaml': ours('*.yaml'), 'team/.kmsfile.yaml': ours('prod/**', B) })
    expect(await recipientOf('team/prod/x.yaml', hostIn(''))).toEqual([B])
    expect(await recipientOf('team/dev/x.yaml', hostIn(''))).toEqual([A])
  })

  test('cannot do without the seal that the top asks for', async () => {
    await write({
      '.git/': '',
      '.kmsfile.yaml': ours('*', A, '    integrity: sealed\n'),
      'team/.kmsfile.yaml': ours('*', B),
    })
    expect(await findRule('team/x', hostIn(''))).toMatchObject({ integrity: 'sealed', groups: [[{ recipient: B }]] })
  })

  test('cannot exempt a file that the top manages', async () => {
    const exempt = (path: string) => `exempt: [{ path: ${JSON.stringify(path)}, reason: made up }]\n`
    await write({
      '.git/': '',
      '.kmsfile.yaml': ours('*.yaml', A, exempt('team/both.yaml')),
      'team/.kmsfile.yaml': ours('*', A, exempt('{both,one}.yaml')),
    })
    const finder = configFinder(hostIn(''))
    expect(await finder.manages('team/both.yaml')).toBe(false)
    expect(await finder.exemption('team/both.yaml')).toMatchObject({ reason: 'made up' })
    expect(await finder.manages('team/one.yaml')).toBe(true)
    expect(await finder.exemption('team/one.yaml')).toBeUndefined()
  })
})

describe('a configuration that is named', () => {
  test('is the only one that is asked', async () => {
    await write({ '.git/': '', '.kmsfile.yaml': ours('*'), 'other/rules.yaml': ours('x', B), 'other/x': '' })
    const options = { ...hostIn(''), config: 'other/rules.yaml' }
    expect(await recipientOf('other/x', options)).toEqual([B])
    await expect(findRule('x', options)).rejects.toMatchObject({ code: 'CONFIG_NO_RULE' })
  })

  test('may be named by the environment, of kmsfile first', async () => {
    await write({ 'k.yaml': ours('x'), 's.yaml': sops('x$', B), x: '' })
    const both = { KMSFILE_CONFIG: 'k.yaml', SOPS_CONFIG: 's.yaml' }
    expect(await recipientOf('x', hostIn('', both))).toEqual([A])
    expect(await recipientOf('x', hostIn('', { ...both, KMSFILE_CONFIG: '' }))).toEqual([B])
    expect(await recipientOf('x', { ...hostIn('', both), config: 's.yaml' })).toEqual([B])
  })

  test('of sops is asked with the absolute path of a file outside', async () => {
    await write({ 'conf/.sops.yaml': sops('^/.*/data/x$', B), 'data/x': '' })
    expect(await recipientOf('data/x', { ...hostIn(''), config: 'conf/.sops.yaml' })).toEqual([B])
  })

  test('that is not there is an error', async () => {
    await expect(findRule('x', { ...hostIn(''), config: 'none.yaml' })).rejects.toMatchObject({
      code: 'CONFIG_NOT_FOUND',
      file: 'none.yaml',
    })
  })
})

test('a configuration is read once for many files', async () => {
  await write({ '.git/': '', '.kmsfile.yaml': ours('*') })
  const finder = configFinder(hostIn(''))
  const rule = await finder.rule('a/x')
  await rm(join(top, '.kmsfile.yaml'))
  expect(await finder.rule('a/y')).toBe(rule)
  expect(await finder.rule('b/c/x')).toBe(rule)
})

test('the managed files of a folder are listed', async () => {
  await write({
    '.git/x.enc.yaml': '',
    '.kmsfile.yaml': ours('*.enc.yaml', A, 'exempt: [{ path: a/free.enc.yaml, reason: made up }]\n'),
    'a/2.enc.yaml': '',
    'a/1.enc.yaml': '',
    'a/free.enc.yaml': '',
    'a/other.yaml': '',
    'a/deep/.hidden.enc.yaml': '',
    'b.enc.yaml': '',
    'module/.git/': '',
    'module/x.enc.yaml': '',
  })
  await symlink('b.enc.yaml', join(top, 'link.enc.yaml'))
  const options = hostIn('')
  const files: string[] = []
  for await (const file of managedFiles('.', configFinder(options), options)) files.push(file)
  expect(files).toEqual(['b.enc.yaml', 'a/1.enc.yaml', 'a/2.enc.yaml', 'a/deep/.hidden.enc.yaml'])
})
