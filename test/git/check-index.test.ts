import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { json } from '../../src/formats/json.ts'
import { check, encrypted, isolated, RULES, repositoryIn, scratchRepository, stage } from './scratch-repository.ts'

const PLAIN = 'db:\n  password: hunter2\n'
const SECRET = 'secrets/x.yaml'

test('finds a plaintext that is staged, though the work tree has it encrypted', async () => {
  const repository = scratchRepository()
  stage(repository, { [SECRET]: PLAIN })
  repository.write(SECRET, await encrypted(PLAIN))
  expect(check(repository)).toEqual([`refuse plaintext ${SECRET}:2 db.password`])
})

test('takes no interest in a plaintext that is in the work tree alone', async () => {
  const repository = scratchRepository()
  stage(repository, { [SECRET]: await encrypted(PLAIN) })
  repository.write(SECRET, PLAIN)
  expect(check(repository)).toEqual([])
})

test('works before the first commit', () => {
  const repository = scratchRepository({ rules: '' })
  stage(repository, { '.kmsfile.yaml': RULES, [SECRET]: PLAIN })
  expect(check(repository)).toEqual([`refuse plaintext ${SECRET}:2 db.password`])
})

test('finds what was committed past the hooks', () => {
  const repository = scratchRepository()
  repository.commit({ [SECRET]: PLAIN })
  stage(repository, { other: 'x' })
  expect(check(repository)).toEqual([`refuse plaintext ${SECRET}:2 db.password`])
})

test.each(['true', 'false', 'copies'])('finds a plaintext where it moves to, with diff.renames=%s', (renames) => {
  const repository = scratchRepository()
  const many = Array.from({ length: 30 }, (_, i) => `key${i}: value${i}\n`).join('')
  repository.commit({ 'notes.yaml': many })
  repository.git('config', 'diff.renames', renames)
  repository.git('mv', 'notes.yaml', 'moved.yaml')
  mkdirSync(join(repository.top, 'secrets'))
  repository.git('mv', 'moved.yaml', SECRET)
  stage(repository, { [SECRET]: many.replace('value7', 'hunter2') })
  expect(check(repository)).toHaveLength(30)
})

test('reports a link, and judges what is in the index where the work tree has one', async () => {
  const repository = scratchRepository()
  mkdirSync(join(repository.top, 'secrets'))
  symlinkSync('/dev/null', join(repository.top, SECRET))
  repository.git('add', SECRET)
  expect(check(repository)).toEqual([`note link ${SECRET}`])

  repository.remove(SECRET)
  stage(repository, { [SECRET]: PLAIN })
  expect(check(repository)).toEqual([`refuse plaintext ${SECRET}:2 db.password`])
  repository.remove(SECRET)
  symlinkSync('/dev/null', join(repository.top, SECRET))
  expect(check(repository)).toEqual([`refuse plaintext ${SECRET}:2 db.password`])
})

test.each([
  'with space.yaml',
  "quote'.yaml",
  'double".yaml',
  '$(touch pwned).yaml',
  '`touch pwned`.yaml',
  'line\nbreak.yaml',
  'tab\t.yaml',
  '-rf.yaml',
  'ümläut.yaml',
  'u\u0308ml.yaml',
  '\u202egnp.yaml',
  'back\\slash.yaml',
  '[a]*.yaml',
])('names the right file: %j', (name) => {
  const repository = scratchRepository()
  stage(repository, { [`secrets/${name}`]: PLAIN })
  const { findings } = JSON.parse(repository.kmsfile(['git', 'check', '--json']).stdout)
  expect(findings.map(({ path }: { path: string }) => path)).toEqual([`secrets/${name}`])
  expect(repository.kmsfile(['git', 'check']).stdout.split('\n')).toHaveLength(2)
  expect(repository.tryGit(['ls-files', '--others', '-z']).stdout).toBe('')
})

test('finds a plaintext under a name that is not UTF-8', () => {
  const repository = scratchRepository()
  const id = repository.tryGit(['hash-object', '-w', '--stdin'], { input: PLAIN }).stdout.trim()
  const line = Buffer.concat([Buffer.from(`100644 ${id}\tsecrets/`), Buffer.from([0xff]), Buffer.from('.yaml\0')])
  expect(repository.tryGit(['update-index', '-z', '--index-info'], { input: line }).code).toBe(0)
  expect(check(repository)).toEqual(['refuse plaintext secrets/\ufffd.yaml:2 db.password'])
})

test('lets pass what is only announced by add --intent-to-add', () => {
  const repository = scratchRepository()
  repository.write(SECRET, PLAIN)
  repository.git('add', '--intent-to-add', SECRET)
  expect(check(repository)).toEqual([])
})

test('heeds the rules of the index, not those of the work tree', () => {
  const repository = scratchRepository()
  stage(repository, { [SECRET]: PLAIN })
  repository.write('.kmsfile.yaml', RULES.replace('secrets', 'nothing'))
  repository.write('.gitattributes', '* -kmsfile\n')
  repository.write('.git/info/attributes', '* !kmsfile\n')
  expect(check(repository)).toEqual([`refuse plaintext ${SECRET}:2 db.password`])
})

test('heeds the rules of the last commit where the same change removes them', () => {
  const repository = scratchRepository()
  stage(repository, { [SECRET]: PLAIN, '.kmsfile.yaml': RULES.replace('secrets', 'nothing') })
  expect(check(repository)).toEqual([`refuse rule-removed ${SECRET}:2 db.password`, 'note rule-removed .kmsfile.yaml'])
  repository.git('rm', '--quiet', '--cached', '.kmsfile.yaml')
  expect(check(repository)).toEqual([`refuse rule-removed ${SECRET}:2 db.password`, 'note rule-removed .kmsfile.yaml'])
})

test('lets an exemption count from the commit on that has it', () => {
  const repository = scratchRepository()
  const rules = `${RULES}exempt:\n  - { path: ${SECRET}, reason: made up }\n`
  stage(repository, { [SECRET]: PLAIN, '.kmsfile.yaml': rules })
  expect(check(repository)).toEqual([
    `refuse plaintext ${SECRET}:2 db.password`,
    'note exemption-added .kmsfile.yaml:6',
  ])
  repository.git('rm', '--quiet', '--cached', SECRET)
  repository.git('commit', '--quiet', '--message=x')
  repository.git('add', SECRET)
  expect(check(repository)).toEqual([])
})

test('asks that what was encrypted stays so, also where no rule says it', async () => {
  const repository = scratchRepository()
  repository.commit({ 'x.yaml': await encrypted(PLAIN) })
  stage(repository, { 'x.yaml': PLAIN })
  expect(check(repository)).toEqual(['refuse plaintext x.yaml:2 db.password'])
})

test('looks into encrypted files wherever they lie', async () => {
  const repository = scratchRepository()
  stage(repository, { 'x.yaml': (await encrypted(PLAIN)).replace('db:', 'db:\n  token: hunter2') })
  expect(check(repository)).toEqual(['refuse partly-encrypted x.yaml:2 db.token'])
})

test('goes by the regular expressions of .sops.yaml, the nearest one', () => {
  const repository = scratchRepository({ rules: '' })
  const rules =
    'creation_rules:\n  - path_regex: ^secret.*\\.yaml$\n    age: age1e6jfj38eg03495muvgqzgupr98g0ldyxcqnydtdczpqen7tpcpmsxwkpsg\n'
  stage(repository, { '.sops.yaml': rules, 'secret-a.yaml': PLAIN, 'other.yaml': PLAIN, 'sub/secret-a.yaml': PLAIN })
  expect(check(repository)).toEqual(['refuse plaintext secret-a.yaml:2 db.password'])
  stage(repository, { 'sub/.sops.yaml': rules })
  expect(check(repository)).toEqual([
    'refuse plaintext secret-a.yaml:2 db.password',
    'refuse plaintext sub/secret-a.yaml:2 db.password',
  ])
})

test('refuses everything while a configuration cannot be read, and takes one that is put right', () => {
  const repository = scratchRepository()
  stage(repository, { '.kmsfile.yaml': 'version: 1\nrules: [\n' })
  expect(check(repository)).toEqual(['refuse configuration .kmsfile.yaml:3'])
  repository.commit({})
  stage(repository, { '.kmsfile.yaml': RULES })
  expect(check(repository)).toEqual([])
  stage(repository, { '.kmsfile.yaml': Buffer.from([0xff, 0xfe]) })
  expect(check(repository)).toEqual(['refuse configuration .kmsfile.yaml'])
})

test('takes no interest in configurations that nobody asks', () => {
  const repository = scratchRepository()
  const broken = 'creation_rules: x\n'
  stage(repository, { '.sops.yaml': broken, 'a/.sops.yaml': broken })
  expect(check(repository)).toEqual([])
  stage(repository, { 'fixtures/.kmsfile.yaml': 'broken' })
  expect(check(repository)).toEqual(['refuse configuration fixtures/.kmsfile.yaml:1'])
  stage(repository, { '.kmsfile.yaml': `${RULES}exempt: [{ path: "fixtures/**", reason: broken on purpose }]\n` })
  expect(check(repository)).toEqual(['note exemption-added .kmsfile.yaml:5'])
})

test('follows a configuration that is a link within the tree, and none that leads out of it', () => {
  const repository = scratchRepository({ rules: '' })
  stage(repository, { 'config/rules.yaml': RULES, [SECRET]: PLAIN })
  symlinkSync('config/rules.yaml', join(repository.top, '.kmsfile.yaml'))
  repository.git('add', '.kmsfile.yaml')
  expect(check(repository)).toEqual([`refuse plaintext ${SECRET}:2 db.password`])
  repository.remove('.kmsfile.yaml')
  symlinkSync('/etc/passwd', join(repository.top, '.kmsfile.yaml'))
  repository.git('add', '.kmsfile.yaml')
  expect(check(repository)).toEqual(['refuse configuration .kmsfile.yaml'])
})

test('sees files that a sparse checkout does not have', () => {
  const repository = scratchRepository()
  repository.commit({ [SECRET]: PLAIN, 'src/a': 'x' })
  repository.git('sparse-checkout', 'set', '--cone', '--sparse-index', 'src')
  expect(repository.tryGit(['ls-files', '--sparse']).stdout).toContain('secrets/\n')
  expect(check(repository)).toEqual([`refuse plaintext ${SECRET}:2 db.password`])
})

test('refuses what editors and tools leave beside a secrets file', async () => {
  const repository = scratchRepository()
  const names = ['.x.yaml.swp', '.x.yaml.swo', '.decrypted~x.yaml', '#x.yaml#', 'x.yaml~', 'x.yaml.dec', 'x.yaml.bak']
  stage(repository, { [SECRET]: await encrypted(PLAIN), ...at('secrets', names, PLAIN) })
  expect(check(repository).toSorted()).toEqual(names.map((name) => `refuse leftover secrets/${name}`).sort())
})

test('lets a copy pass that is encrypted', async () => {
  const repository = scratchRepository()
  stage(repository, at('secrets', ['x.yaml~', 'x.yaml.bak', 'x.yaml.orig'], await encrypted(PLAIN)))
  expect(check(repository)).toEqual([])
})

test('finds leftovers of files that a rule names by their ending', async () => {
  const repository = scratchRepository({ rules: RULES.replace('secrets/**', '*.enc.yaml') })
  stage(repository, { 'a/.x.enc.yaml.swp': 'x', 'a/x.enc.yaml.dec': PLAIN, 'a/y.yaml.swp': 'x', 'a/x.enc.yaml~': 'x' })
  expect(check(repository).toSorted()).toEqual([
    'refuse leftover a/.x.enc.yaml.swp',
    'refuse leftover a/x.enc.yaml.dec',
    'refuse leftover a/x.enc.yaml~',
  ])
})

test('says that a merge is not resolved, once a file', async () => {
  const repository = scratchRepository()
  repository.commit({ [SECRET]: await encrypted('a: 1\n') })
  repository.git('checkout', '--quiet', '-b', 'other')
  repository.commit({ [SECRET]: await encrypted('a: 2\n') })
  repository.git('checkout', '--quiet', 'main')
  repository.commit({ [SECRET]: await encrypted('a: 3\n') })
  repository.tryGit(['merge', '--quiet', 'other'])
  expect(check(repository)).toEqual([`refuse unmerged ${SECRET}`])
})

test('changes neither index nor work tree, whatever it finds', async () => {
  const repository = scratchRepository()
  repository.commit({ [SECRET]: await encrypted(PLAIN), a: 'x' })
  stage(repository, { 'secrets/y.yaml': PLAIN, 'secrets/z.yaml': await encrypted('a: 1\n') })
  // Looks changed to git until it reads it again.
  chmodSync(join(repository.top, 'a'), 0o644)
  repository.write('a', 'x')
  // Git writes what it sees of files into the index where it may.
  const status = () => repository.git('--no-optional-locks', 'status', '--porcelain')
  const state = () => [hash(join(repository.top, '.git/index')), status()]
  const before = state()
  for (let i = 0; i < 2; i++) {
    expect(check(repository)).toHaveLength(1)
    expect(repository.kmsfile(['git', 'hook', 'pre-commit']).code).toBe(1)
    expect(state()).toEqual(before)
  }
})

test('finds the same from a folder, with -C, with GIT_DIR, in a linked work tree and in a submodule', () => {
  const repository = scratchRepository()
  stage(repository, { [SECRET]: PLAIN, 'a/b': 'x' })
  const found = [`refuse plaintext ${SECRET}:2 db.password`]
  expect(check(repository, [], { cwd: 'a' })).toEqual(found)
  const outside = { GIT_DIR: join(repository.top, '.git'), GIT_WORK_TREE: repository.top }
  expect(check(repository, [], { cwd: '..', env: outside })).toEqual(found)
  const relative = { GIT_DIR: '.git', GIT_INDEX_FILE: '.git/index' }
  expect(check(repository, [], { env: relative })).toEqual(found)

  repository.git('worktree', 'add', '--quiet', '../linked')
  const linked = repositoryIn(join(repository.top, '../linked'), repository.env)
  expect(check(linked)).toEqual([])
  stage(linked, { [SECRET]: PLAIN })
  expect(check(linked)).toEqual(found)

  const outer = repositoryIn(join(repository.top, '../outer'), isolated(repository.top))
  mkdirSync(outer.top)
  outer.git('init', '--quiet')
  repository.git('commit', '--quiet', '--message=x')
  outer.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', repository.top, 'inner')
  expect(check(outer)).toEqual([])
  expect(check(outer, [], { cwd: 'inner' })).toEqual(found)
})

test('reads JSON as well', async () => {
  const repository = scratchRepository()
  const good = await encrypted('{"a": {"b": "hunter2"}}', { format: json })
  stage(repository, { 'secrets/good.json': good, 'secrets/bad.json': '{"a": {"b": ["hunter2"]}}' })
  expect(check(repository)).toEqual(['refuse plaintext secrets/bad.json:1 a.b[0]'])
})

function at(folder: string, names: readonly string[], content: string): Record<string, string> {
  return Object.fromEntries(names.map((name) => [`${folder}/${name}`, content]))
}

function hash(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}
