import { describe, expect, test } from 'vitest'
import { json } from '../../src/formats/json.ts'
import { refuses } from '../../src/git/check/finding.ts'
import { judgeContent } from '../../src/git/check/judge-content.ts'
import { type Demand, demandFinder } from '../../src/git/check/judge-demand.ts'
import { straysOf } from '../../src/git/check/judge-strays.ts'
import { policyOf } from '../../src/git/check/policy.ts'
import { encrypted, RULES } from './scratch-repository.ts'

const text = await encrypted('a: x\nb:\n  c: 1\n')
const document = await encrypted('{"a": "x"}', { format: json })
const demandOf = demandFinder(await policyOf([{ path: '.kmsfile.yaml', text: RULES }]))

describe('a readable text is found in an encrypted YAML file', () => {
  test.each([
    ['behind the end of the document', `${text}...\nhunter2\n`],
    ['as a document of its own', `${text}---\nhunter2\n`],
    ['as a document in one line', `${text}--- hunter2\n`],
    ['as a block of a document', `${text}--- |\n  hunter2\n`],
    ['in the metadata of another document', `${text}---\nsops: { note: hunter2 }\n`],
    ['behind an anchor', `x: &x hunter2\ny: *x\n${text}`],
    ['below a merge key', `x:\n  <<: { y: hunter2 }\n${text}`],
    ['in a block with a digit for its indentation', `x: |1\n  hunter2\n${text}`],
    ['in a block that keeps its line breaks', `x: |+\n\n  hunter2\n\n${text}`],
    ['in a folded block', `x: >-\n  hunter2\n${text}`],
    ['with a tag', `x: !!str hunter2\n${text}`],
    ['as binary', `x: !!binary aHVudGVyMg==\n${text}`],
    ['with the tag of nothing', `x: !!null hunter2\n${text}`],
    ['with a tag of a prefix that is declared', `%TAG !e! tag:example.com,2000:\n---\nx: !e!y hunter2\n${text}`],
    ['as a number', `x: 4111111111111111\n${text}`],
    ['as a date', `x: 2001-12-14\n${text}`],
    ['in a list within a list', `x:\n- - - hunter2\n${text}`],
    ['in brackets', `x: [hunter2]\n${text}`],
    ['below a key that is empty', `"": hunter2\n${text}`],
    ['below a key that is null', `~: hunter2\n${text}`],
    ['below a key with a line break', `"x\\ny": hunter2\n${text}`],
    ['below the key of a whole file', `__whole__: hunter2\n${text}`],
    ['below the key of a root', `__root__: hunter2\n${text}`],
    ['below a key that is called sops further in', `x: { sops: hunter2 }\n${text}`],
    ['below a second key sops', `sops: hunter2\n${text}`],
    ['behind a zero byte', `${text}\0hunter2\n`],
    ['behind a lone carriage return', `# x\rhunter2: x\n${text}`],
    ['with carriage returns alone', text.replaceAll('\n', '\r')],
    ['behind a byte order mark in the middle', `${text}\ufeffx: hunter2\n`],
    ['behind U+2028', `x: \u2028hunter2\n${text}`],
    ['behind an encrypted value', text.replace(/(a: ENC.*)/, '$1 hunter2')],
    [
      'in an encrypted value of a kind of its own',
      text.replace(/ENC\[AES256_GCM,data:[^,]*/, 'ENC[AES256_GCM,data:hunter2'),
    ],
    ['in a comment of a directive', `%YAML 1.1 # hunter2\n---\n${text}`],
    ['in a directive that nobody knows', `%HUNTER2 hunter2\n---\n${text}`],
  ])('%s', async (_, content) => {
    expect(await isRefused(content, 'secrets/x.yaml')).toBe(true)
  })
})

describe('a readable text is found in an encrypted JSON file', () => {
  test.each([
    ['behind its end', `${document}\n{"x": "hunter2"}`],
    ['in a comment', document.replace('{', '{ /* hunter2 */')],
    ['in a comment behind its end', `${document}\n// hunter2`],
    ['under a key that is there twice', document.replace('{', '{"x": "", "x": "hunter2",')],
    ['under a second key sops', document.replace('{', '{"sops": "hunter2",')],
    ['as a number', document.replace('{', '{"x": 4111111111111111,')],
    ['behind a byte order mark', `\ufeff${document.replace('{', '{"x": "hunter2",')}`],
    ['in the metadata', document.replace('"sops": {', '"sops": {"x": {"y": ["hunter2"]},')],
  ])('%s', async (_, content) => {
    expect(await isRefused(content, 'secrets/x.json')).toBe(true)
  })
})

describe('a file is plaintext', () => {
  test.each([
    ['of metadata alone', 'sops: hunter2\n', 'secrets/x.yaml'],
    ['of metadata without encryption', 'sops:\n  password: hunter2\n', 'secrets/x.yaml'],
    ['of metadata in every document', 'sops: { a: hunter2 }\n---\nsops: { a: hunter2 }\n', 'secrets/x.yaml'],
    ['of metadata without encryption in JSON', '{"sops": {"password": "hunter2"}}', 'secrets/x.json'],
    ['of metadata where the word is mentioned', 'sops:\n  password: hunter2\n# ENC[AES256_GCM,x]\n', 'secrets/x.yaml'],
    ['of comments alone', '# hunter2\n', 'secrets/x.yaml'],
    ['of comments between documents', '---\n# hunter2\n---\n# hunter3\n', 'secrets/x.yaml'],
    ['in UTF-16', Buffer.from('\ufeffa: hunter2\n', 'utf16le'), 'secrets/x.yaml'],
    ['in UTF-16, encrypted', Buffer.from(`\ufeff${text}`, 'utf16le'), 'secrets/x.yaml'],
    ['in Latin-1', Buffer.from('a: h\xfcnter2\n', 'latin1'), 'secrets/x.yaml'],
    ['in YAML that is called JSON', text, 'secrets/x.json'],
    ['with too many levels', `${'['.repeat(300)}hunter2${']'.repeat(300)}\n`, 'secrets/x.yaml'],
    ['of an alias to itself', 'a: &a [*a, hunter2]\n', 'secrets/x.yaml'],
    ['that names the encryption in a key', '"ENC[AES256_GCM,": hunter2\n', 'secrets/x.yaml'],
    ['that names the encryption in a text', 'hunter2 ENC[AES256_GCM,data:x]\n', 'secrets/x.txt'],
    ['that starts like JSON', '{"x_unencrypted": "hunter2"} ENC[AES256_GCM,', 'secrets/x.bin'],
  ])('%s', async (_, content, path) => {
    expect(await isRefused(content, path)).toBe(true)
  })
})

/** By itself, or as a new file. */
async function isRefused(content: string | Uint8Array, path: string): Promise<boolean> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  const demand = demandOf(path) as Demand
  const flaws = [...(await judgeContent(bytes, demand)), ...(await straysOf(bytes, demand)).map(({ flaw }) => flaw)]
  expect(JSON.stringify(flaws.map(({ message }) => message))).not.toMatch(/hunter2/i)
  return refuses(flaws)
}
