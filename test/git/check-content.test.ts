import { expect, test } from 'vitest'
import { json } from '../../src/formats/json.ts'
import type { Flaw } from '../../src/git/check/finding.ts'
import { judgeContent } from '../../src/git/check/judge-content.ts'
import { type Demand, demandFinder } from '../../src/git/check/judge-demand.ts'
import { policyOf } from '../../src/git/check/policy.ts'
import { encrypted, RULES } from './scratch-repository.ts'

const PLAIN = 'db:\n  password: hunter2\n  port: 5432\nlist:\n  - hunter3\n'

test.each([
  ['an empty file', ''],
  ['white space', ' \n\t\r\n'],
  ['a plaintext without values', 'a:\n  b: {}\n  c: []\n  d: null\n  e: ""\n'],
  ['comments alone', '# nothing yet\n'],
])('finds nothing wrong with %s', async (_, content) => {
  expect(await judge(content)).toEqual([])
})

test('finds nothing wrong with an encrypted file, whatever its line ends and byte order mark', async () => {
  const text = await encrypted(PLAIN)
  for (const content of [text, text.replaceAll('\n', '\r\n'), `\ufeff${text}`, `${text}\n`, text.trimEnd()]) {
    expect(await judge(content)).toEqual([])
  }
  expect(await judge(await encrypted('{"a": "hunter2"}', { format: json }), 'secrets/x.json')).toEqual([])
  expect(await judge(await encrypted('- a\n- b\n'))).toEqual([])
  expect(await judge(await encrypted('a: 1\n---\nb: 2\n'))).toEqual([])
  expect(await judge(await encrypted('a: &x 1\nb: *x\n'))).toEqual([])
})

test('finds nothing wrong with a file that is encrypted as one value', async () => {
  const text = await encrypted('? [a]\n: hunter2\n')
  expect(text).toContain('__whole__')
  expect(await judge(text)).toEqual([])
})

test('names every value of a plaintext with its line and its keys', async () => {
  expect(await judge(PLAIN)).toEqual([
    flaw('plaintext', { line: 2, keys: ['db', 'password'] }),
    flaw('plaintext', { line: 3, keys: ['db', 'port'] }),
    flaw('plaintext', { line: 5, keys: ['list', 0] }),
  ])
})

test.each([
  ['YAML that is not valid', 'a: [hunter2\n'],
  ['a text of bytes that are not UTF-8', Buffer.from([0x61, 0x3a, 0x20, 0xff, 0x0a])],
  ['a binary file', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1])],
  ['UTF-16', Buffer.from('\ufeffa: hunter2\n', 'utf16le')],
  ['a scalar alone', 'hunter2\n'],
])('takes %s for plaintext', async (_, content) => {
  expect(verdicts(await judge(content))).toEqual(['plaintext'])
})

test('takes a file of any other kind for plaintext, unless sops encrypted it', async () => {
  expect(verdicts(await judge('hunter2', 'secrets/x.txt'))).toEqual(['plaintext'])
  expect(await judge('', 'secrets/x.txt')).toEqual([])
  const binary = await encrypted('{"data": "hunter2"}', { format: json })
  expect(await judge(binary, 'secrets/x.bin')).toEqual([])
  expect(await judge(await encrypted(PLAIN), 'secrets/x.yaml.enc')).toEqual([])
})

test('reads the dotenv and INI files of sops', async () => {
  const [value, mac] = (await encrypted('a: hunter2\n')).match(/ENC\[[^\]]*\]/g) ?? []
  const dotenv = `#${value}\nA=${value}\nB=\nsops_mac=${mac}\nsops_version=3.13.3\n`
  expect(await judge(dotenv, 'secrets/.env')).toEqual([])
  expect(await judge(`${dotenv}C=hunter2\n`, 'secrets/.env')).toEqual([
    flaw('partly-encrypted', { line: 6, keys: ['C'] }),
  ])
  expect(verdicts(await judge(`A=${value}\n`, 'secrets/.env'))).toEqual(['no-metadata'])
  const ini = `[db]\npassword = ${value}\n\n[sops]\nmac = ${mac}\nunencrypted_suffix = _unencrypted\n`
  expect(await judge(ini, 'secrets/x.ini')).toEqual([])
  expect(await judge(ini.replace('[sops]', 'host = hunter2\n[sops]'), 'secrets/x.ini')).toEqual([
    flaw('partly-encrypted', { line: 4, keys: ['db', 'host'] }),
  ])
})

test('names what somebody added to an encrypted file by hand', async () => {
  const text = await encrypted(PLAIN)
  const added = text.replace('db:\n', 'db:\n  token: hunter2\n')
  expect(await judge(added)).toEqual([flaw('partly-encrypted', { line: 2, keys: ['db', 'token'] })])
  expect(verdicts(await judge(added, 'elsewhere.yaml'))).toEqual(['partly-encrypted'])
})

test.each([
  ['cut off', (text: string) => text.slice(0, -1)],
  ['without its tag', (text: string) => text.replace(/,tag:[^,]*/, '')],
  ['with a tag that is too short', (text: string) => text.replace(/,tag:...../, ',tag:')],
  ['with plaintext in the place of the ciphertext', (text: string) => text.replace(/data:[^,]*/, 'data:hunter-2')],
  ['of a kind that does not exist', (text: string) => text.replace(/type:\w+/, 'type:text')],
])('does not take an envelope %s for one', async (_, change) => {
  const text = await encrypted('a: hunter2\nb: hunter3\n')
  const [first = ''] = text.match(/ENC\[[^\]]*\]/) ?? []
  expect(verdicts(await judge(text.replace(first, change(first))))).toEqual(['partly-encrypted'])
})

test('asks for whatever the rule has encrypted, though the file itself asks for less', async () => {
  const text = await encrypted('a_public: hunter2\nb: hunter3\n', {
    selector: { kind: 'unencrypted-suffix', text: '_public' },
  })
  expect(await judge(text)).toEqual([
    flaw('partly-encrypted', { line: 1, keys: ['a_public'], message: 'not encrypted, though its rule asks for it' }),
  ])
  const rules = RULES.replace('keys:', 'unencrypted_suffix: _public\n    keys:')
  expect(await judge(text, 'secrets/x.yaml', rules)).toEqual([])
})

test('lets a plaintext pass in which the rule has nothing encrypted', async () => {
  const rules = RULES.replace('keys:', 'encrypted_regex: ^(data|stringData)$\n    keys:')
  expect(await judge('kind: Deployment\nspec: { replicas: 3 }\n', 'secrets/x.yaml', rules)).toEqual([])
  expect(await judge('kind: Secret\ndata:\n  a: hunter2\n', 'secrets/x.yaml', rules)).toEqual([
    flaw('plaintext', { line: 3, keys: ['data', 'a'] }),
  ])
})

test('sees what hides in the metadata of further documents', async () => {
  const text = await encrypted('a: 1\n---\nb: 2\n')
  const hidden = (await encrypted('a: 1\n')).concat('---\nsops:\n  password: hunter2\n')
  expect(await judge(hidden)).toMatchObject([{ verdict: 'partly-encrypted', keys: ['sops', 'password'] }])
  const added = text.concat('    password: hunter2\n')
  expect((await judge(added)).map(({ keys }) => keys?.join('.'))).toContain('sops.password')
})

test('refuses an alias to what stands in the metadata', async () => {
  const text = (await encrypted('a: 1\n')).replace('sops:\n', 'sops:\n    note: &note hunter2\n')
  expect(await judge(`${text}password: *note\n`)).toMatchObject([{ verdict: 'partly-encrypted', keys: ['password'] }])
})

test('does not take a readable value for a file that is encrypted as one', async () => {
  const text = (await encrypted('? [a]\n: hunter2\n'))
    .replace(/^__whole__: .*$/m, '__whole__: hunter2')
    .replace(/^ {4}unencrypted_suffix: .*$/m, '    unencrypted_regex: .*')
  expect(text).toContain('__whole__: hunter2')
  expect(text).toContain('unencrypted_regex')
  expect(await judge(text)).toMatchObject([{ verdict: 'partly-encrypted', keys: ['__whole__'] }])
})

test('goes by comments where the rule does', async () => {
  const rules = RULES.replace('keys:', 'encrypted_comment_regex: secret\n    keys:')
  expect(await judge('a: 1\n# secret\nb: hunter2\nc: 3\n', 'secrets/x.yaml', rules)).toEqual([
    flaw('plaintext', { line: 3, keys: ['b'] }),
  ])
})

test('tells what else may be wrong with an encrypted file', async () => {
  const text = await encrypted(PLAIN)
  const [first = ''] = text.match(/.*ENC.*\n/) ?? []
  expect(verdicts(await judge(text.replace(/^sops:[\s\S]*/m, '')))).toEqual(['no-metadata'])
  expect(verdicts(await judge(text.replace(/lastmodified: .*/, 'lastmodified: "unresolved: x"')))).toEqual([
    'conflict-node',
  ])
  expect(verdicts(await judge(text.replace('sops:\n', 'sops:\n    conflicts: []\n')))).toEqual(['conflict-node'])
  expect(verdicts(await judge(`<<<<<<< HEAD\n${first}=======\n>>>>>>> x\n${text}`))).toEqual(['conflict-markers'])
  expect(verdicts(await judge(text.replace(first, first + first)))).toEqual(['duplicate-key'])
  expect(verdicts(await judge(text.replace('db:', 'db: ['))).at(0)).toBe('unreadable')
  expect(verdicts(await judge(text.replace(/ {4}mac: .*\n/, '')))).toEqual(['unreadable'])
  expect(verdicts(await judge(text.replace('    version: 3.13.3\n', '')))).toEqual(['unreadable'])
  expect(verdicts(await judge(Buffer.concat([Buffer.from(text), Buffer.from([0xff])])))).toEqual(['unreadable'])
  const [open, ...rest] = (await encrypted('{\n"a": "hunter2",\n"b": "x"}', { format: json })).split('\n')
  const twice = [open, rest[0], ...rest].join('\n')
  expect(await judge(twice, 'secrets/x.json')).toEqual([
    flaw('duplicate-key', { line: 3, keys: ['a'], message: 'a key is repeated' }),
  ])
})

test('asks for a seal where the rule does', async () => {
  const rules = RULES.replace('keys:', 'integrity: sealed\n    keys:')
  const text = await encrypted(PLAIN)
  expect(await judge(text, 'secrets/x.yaml', rules)).toEqual([])
  const ofSops = text.replace(/ {4}kmsfile: .*\n/, '')
  expect(verdicts(await judge(ofSops, 'secrets/x.yaml', rules))).toEqual(['not-sealed'])
  expect(await judge(ofSops)).toEqual([])
})

test('leaves alone what nobody manages and what is not encrypted', async () => {
  for (const content of [PLAIN, 'a: [', 'example: ENC[AES256_GCM,data:x]\n', '']) {
    expect(await judge(content, 'docs/x.yaml')).toEqual([])
  }
})

test('reads files of five megabytes, and names the first of many values', async () => {
  const many = Array.from({ length: 130_000 }, (_, i) => `key_number_${i}: value of the key ${i}\n`).join('')
  expect(many.length).toBeGreaterThan(5e6)
  const flaws = await judge(many)
  expect(flaws).toHaveLength(101)
  expect(flaws.at(-1)).toEqual(flaw('plaintext', { message: '129900 more values are not encrypted' }))
})

test('never says a value, nor part of one', async () => {
  const text = await encrypted(PLAIN)
  const contents = [
    PLAIN,
    'a: [hunter2',
    'hunter2',
    `hunter2: *hunter2\n${text}`,
    text.replace('db:', '"hunter2: \n'),
    `${text}x: hunter2`,
  ]
  for (const content of contents) {
    expect(JSON.stringify(await judge(content)).replace('["hunter2"]', '')).not.toContain('hunter2')
  }
})

async function judge(content: string | Uint8Array, path = 'secrets/x.yaml', rules = RULES): Promise<readonly Flaw[]> {
  const policy = await policyOf([{ path: '.kmsfile.yaml', text: rules }])
  const demand = demandFinder(policy)(path) as Demand
  return judgeContent(typeof content === 'string' ? Buffer.from(content) : content, demand)
}

function verdicts(flaws: readonly Flaw[]): readonly string[] {
  return flaws.map(({ verdict }) => verdict)
}

function flaw(verdict: Flaw['verdict'], rest: Partial<Flaw>): Flaw {
  return { verdict, severity: 'refuse', message: 'not encrypted', ...rest }
}
