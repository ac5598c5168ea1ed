import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { recipient } from '../operations/secrets.ts'
import {
  COMMIT_HOOKS,
  check,
  encrypted,
  RULES,
  repositoryIn,
  type ScratchRepository,
  scratchRepository,
  stage,
} from './scratch-repository.ts'

const PLAIN = 'db:\n  password: hunter2\n'
const FILE = 'secrets/x.yaml'
const FOUND = `refuse plaintext ${FILE}:2 db.password`
const SOPS = `creation_rules:\n  - path_regex: ^secrets/\n    age: ${recipient}\n`
const LENIENT = `version: 1\nrules:\n  - files: ["**"]\n    unencrypted_regex: .*\n    keys: [{ age: ${recipient} }]\n`

describe('rules that come with a plaintext do not let it pass:', () => {
  test.each([
    ['a configuration further in that leaves everything readable', { 'secrets/.kmsfile.yaml': LENIENT }],
    ['one at the top that does', { '.kmsfile.yaml': LENIENT }],
    ['an exemption', { '.kmsfile.yaml': `${RULES}exempt: [{ path: "secrets/**", reason: x }]\n` }],
    [
      'an exemption further in',
      { 'secrets/.kmsfile.yaml': `${RULES.replace('secrets/', '')}exempt: [{ path: "**", reason: x }]\n` },
    ],
    ['a rule for something else', { '.kmsfile.yaml': RULES.replace('secrets', 'other') }],
  ])('%s', (_, files) => {
    const repository = scratchRepository()
    stage(repository, { ...files, [FILE]: PLAIN })
    expect(refused(repository)).toHaveLength(1)
    expect(refused(repository)[0]).toMatch(/(?:plaintext|rule-removed) secrets\/x\.yaml:2 db\.password$/)
  })

  test('a configuration of kmsfile beside that of sops, which counts no more', () => {
    for (const path of ['.kmsfile.yaml', 'secrets/.kmsfile.yaml']) {
      const repository = scratchRepository({ rules: '' })
      repository.commit({ '.sops.yaml': SOPS })
      stage(repository, { [path]: RULES.replace('secrets/**', 'other/**'), [FILE]: PLAIN })
      expect(refused(repository)).toEqual([`refuse rule-removed ${FILE}:2 db.password`])
    }
  })

  test('a submodule, a folder or a link in the place of the configuration', () => {
    const submodule = scratchRepository()
    submodule.remove('.kmsfile.yaml')
    const inner = repositoryIn(join(submodule.top, '.kmsfile.yaml'), submodule.env)
    mkdirSync(inner.top)
    inner.git('init', '--quiet')
    inner.commit({})
    submodule.git('rm', '--quiet', '--cached', '.kmsfile.yaml')
    submodule.tryGit(['add', '.kmsfile.yaml'])
    expect(submodule.git('ls-files', '--stage')).toMatch(/^160000 /)

    const folder = scratchRepository()
    folder.remove('.kmsfile.yaml')
    stage(folder, { '.kmsfile.yaml/x': 'x' })
    folder.git('add', '--all')

    const link = scratchRepository()
    link.remove('.kmsfile.yaml')
    stage(link, { rules: LENIENT })
    symlinkSync('rules', join(link.top, '.kmsfile.yaml'))
    link.git('add', '--all')

    for (const repository of [submodule, folder, link]) {
      stage(repository, { [FILE]: PLAIN })
      expect(refused(repository)).toContainEqual(expect.stringMatching(`${FILE}:2 db.password$`))
    }
  })
})

describe('a change of rules is named, so that somebody looks:', () => {
  test('another selector, at the top and in a folder', () => {
    for (const path of ['.kmsfile.yaml', 'secrets/.kmsfile.yaml']) {
      const repository = scratchRepository()
      stage(repository, { [path]: LENIENT })
      expect(messages(repository)).toContainEqual(`note ${path}: files have another selector: unencrypted_regex: .*`)
      repository.commit({})
      expect(messages(repository)).toEqual([])
    }
  })

  test('a recipient in a configuration that is new', () => {
    const repository = scratchRepository()
    const other = 'age13y07crjw3djw9lzgq6ewcg68wmd7rgx9wk06mn6ea4p2gnjjtuaspvd8g4'
    stage(repository, { 'secrets/.kmsfile.yaml': RULES.replace('secrets/', '').replace(recipient, other) })
    expect(messages(repository)).toEqual([`note secrets/.kmsfile.yaml: a new recipient: ${other}`])
    stage(repository, { 'secrets/.kmsfile.yaml': RULES.replace('secrets/', '') })
    expect(messages(repository)).toEqual([])
  })

  test('rules of sops that do not count any more', () => {
    const repository = scratchRepository({ rules: '' })
    repository.commit({ '.sops.yaml': SOPS, 'deep/down/.sops.yaml': SOPS })
    stage(repository, { 'deep/.kmsfile.yaml': RULES })
    expect(messages(repository)).toEqual([
      'note deep/.kmsfile.yaml: the rules of .sops.yaml do not count beside it any more',
      'note deep/.kmsfile.yaml: the rules of deep/down/.sops.yaml do not count beside it any more',
    ])
    repository.commit({})
    stage(repository, { 'deep/down/.kmsfile.yaml': RULES })
    expect(messages(repository)).toEqual([])
  })

  test('a link in the place of a folder of secrets files', () => {
    const repository = scratchRepository()
    stage(repository, { 'data/x.yaml': PLAIN })
    symlinkSync('data', join(repository.top, 'secrets'))
    symlinkSync('data', join(repository.top, 'elsewhere'))
    repository.git('add', '--all')
    expect(check(repository)).toEqual(['note link secrets'])
    // Any folder may hold such files: none is theirs.
    stage(repository, { '.kmsfile.yaml': RULES.replace('secrets/**', '*.enc.yaml') })
    repository.commit({})
    expect(check(repository)).toEqual([])
  })
})

test('a configuration with a byte order mark and carriage returns counts as any other', () => {
  const repository = scratchRepository()
  stage(repository, { '.kmsfile.yaml': `\ufeff${RULES.replaceAll('\n', '\r\n')}`, [FILE]: PLAIN })
  expect(check(repository)).toEqual([FOUND])
})

test.each([
  ['that is too large', `${RULES}${'#'.repeat(1024 * 1024)}\n`],
  ['in UTF-16', Buffer.from(`\ufeff${RULES}`, 'utf16le')],
  ['with a zero byte', `${RULES}\0`],
  ['that is empty', ''],
])('nothing is committed by a configuration %s', (_, content) => {
  const repository = scratchRepository()
  stage(repository, { '.kmsfile.yaml': content })
  expect(refused(repository)).toEqual([expect.stringMatching(/^refuse configuration \.kmsfile\.yaml/)])
  stage(repository, { [FILE]: PLAIN })
  expect(refused(repository)).toContainEqual(`refuse rule-removed ${FILE}:2 db.password`)
})

test('a path is managed however its accents are written', async () => {
  for (const [rule, path] of [
    ['geheim-\u00fc', 'geheim-u\u0308/x.yaml'],
    ['geheim-u\u0308', 'geheim-\u00fc/x.yaml'],
  ] as const) {
    const repository = scratchRepository({ rules: RULES.replace('secrets', rule) })
    stage(repository, { [path]: PLAIN })
    expect(refused(repository)).toHaveLength(1)
    stage(repository, { [path]: await encrypted(PLAIN) })
    expect(check(repository)).toEqual([])
    const exempt = `${RULES.replace('secrets', rule)}exempt: [{ path: "${rule}/**", reason: made up }]\n`
    repository.commit({ '.kmsfile.yaml': exempt })
    stage(repository, { other: 'x' })
    expect(check(repository)).toEqual([])
  }
})

test('a commit is refused by the rules of the last one, also where nobody has them any more', () => {
  const repository = scratchRepository()
  repository.hooks(...COMMIT_HOOKS)
  stage(repository, { '.kmsfile.yaml': RULES.replace('secrets', 'other'), [FILE]: PLAIN })
  const { code, stderr } = repository.tryGit(['commit', '--message=x'])
  expect(code).toBe(1)
  expect(stderr).toContain('not encrypted, and the rule that asks for it is removed')
  expect(stderr).toContain('no rule for secrets/** any more')
})

function refused(repository: ScratchRepository): readonly string[] {
  return check(repository).filter((line) => line.startsWith('refuse'))
}

function messages(repository: ScratchRepository): readonly string[] {
  const { stdout } = repository.kmsfile(['git', 'check', '--json'])
  const { findings } = JSON.parse(stdout) as { findings: readonly Readonly<Record<string, string>>[] }
  return findings.map(({ severity, path, message }) => `${severity} ${path}: ${message}`)
}
