import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { KmsfileError } from '../../src/errors.ts'
import { json } from '../../src/formats/json.ts'
import { judgeContent } from '../../src/git/check/judge-content.ts'
import { type Demand, demandFinder } from '../../src/git/check/judge-demand.ts'
import { straysOf } from '../../src/git/check/judge-strays.ts'
import { policyOf } from '../../src/git/check/policy.ts'
import { hasSharedData, sharedData } from '../shared-data.ts'
import { encrypted, RULES } from './scratch-repository.ts'

const PLAIN = '# of old\ndb:\n  # inner\n  password: hunter2 # behind\nlist: [1, "x"]\n'
const text = await encrypted(PLAIN)
const document = await encrypted('{"a": "hunter2"}', { format: json })

test('finds nothing in what was encrypted, comments and all', async () => {
  expect(text.match(/#ENC/g)).toHaveLength(3)
  expect(await strays(text)).toEqual([])
  expect(await strays(text.replaceAll('\n', '\r\n'))).toEqual([])
  expect(await strays(document, 'secrets/x.json')).toEqual([])
})

test.each([
  ['before everything', `# it was hunter2\n${text}`, 1],
  ['behind a value', text.replace(/(list: .*)/, '$1 # it was hunter2'), 5],
  ['further in', text.replace('  password', '  # it was hunter2\n  password'), '4 db'],
  ['behind everything', `${text}# it was hunter2\n`, text.split('\n').length],
  ['behind the end of the document', `${text}...\n# it was hunter2\n`, text.split('\n').length + 1],
  ['behind the mark of the end', `${text}... # it was hunter2\n`, text.split('\n').length],
  ['in a document of its own', `${text}---\n# it was hunter2\n`, text.split('\n').length + 1],
  ['before the first document', `%YAML 1.1\n# it was hunter2\n---\n${text}`, 2],
  ['in what looks encrypted', text.replace(/#ENC\[AES256_GCM,data:[^,]*/, '#ENC[AES256_GCM,data:hunter2'), 1],
])('finds a comment that is not encrypted %s', async (_, content, line) => {
  expect(await strays(content)).toEqual([`stray-comment ${line}`])
})

test.each([
  ['beside the fields', text.replace('sops:\n', 'sops:\n    note: hunter2\n'), 'sops.note'],
  ['further in', text.replace('sops:\n', 'sops:\n    note:\n        - a: hunter2\n'), 'sops.note.0.a'],
  ['of a recipient', text.replace(/( +)recipient:/, '$1note: hunter2\n$1recipient:'), 'sops.age.0.note'],
  ['in place of a recipient', text.replace(/recipient: .*/, 'recipient: hunter2'), 'sops.age.0.recipient'],
  ['in place of a wrapped data key', text.replace(/enc: \|\n( +)/, 'enc: |\n$1hunter2\n$1'), 'sops.age.0.enc'],
  ['in place of our own field', text.replace(/kmsfile: .*/, 'kmsfile: v1.hunter2'), 'sops.kmsfile'],
])('finds a readable text in the metadata, %s', async (_, content, place) => {
  expect(await strays(content)).toEqual([expect.stringMatching(new RegExp(`^stray-metadata \\d+ ${place}$`))])
})

test('finds a comment in the metadata', async () => {
  const lines = text.split('\n').indexOf('sops:') + 2
  expect(await strays(text.replace('sops:\n', 'sops:\n    # hunter2\n'))).toEqual([`stray-comment ${lines} sops`])
})

test('finds it in JSON, dotenv and INI files as well', async () => {
  const noted = document.replace('"sops": {', '"sops": {"note": "hunter2",')
  expect(await strays(noted, 'secrets/x.json')).toEqual(['stray-metadata 1 sops.note'])
  const [value, mac] = (await encrypted('a: hunter2\n')).match(/ENC\[[^\]]*\]/g) ?? []
  const dotenv = `#${value}\nA=${value}\nsops_mac=${mac}\nsops_version=3.13.3\n`
  expect(await strays(dotenv, 'secrets/.env')).toEqual([])
  expect(await strays(`# hunter2\n;B=hunter2\n${dotenv}sops_note=hunter2\n`, 'secrets/.env')).toEqual([
    'stray-comment 1',
    'stray-comment 2',
    'stray-metadata 7 sops.note',
  ])
  const ini = `; ${value}\n[db]\na = ${value}\n[sops]\nmac = ${mac}\nage__list_0__map_recipient = hunter2\n`
  expect(await strays(ini.replace('[db]', '; hunter2\n[db]'), 'secrets/x.ini')).toEqual([
    'stray-comment 2',
    'stray-metadata 7 sops.age.0.recipient',
  ])
})

test('finds no comment where nothing is encrypted, be it by a key or by the comment itself', async () => {
  const selector = { kind: 'encrypted-regex', text: '^data$' } as const
  const rules = RULES.replace('keys:', 'encrypted_regex: ^data$\n    keys:')
  const some = await encrypted('# readable\nkind: x\ndata:\n  # not\n  a: hunter2\n', { selector })
  expect(some).toContain('# readable')
  expect(await strays(some, 'secrets/x.yaml', rules)).toEqual([])
  expect(await strays('# readable\nkind: x\n', 'secrets/x.yaml', rules)).toEqual([])
  const byComment = { kind: 'encrypted-comment-regex', text: 'secret' } as const
  const commented = RULES.replace('keys:', 'encrypted_comment_regex: secret\n    keys:')
  const own = await encrypted('# secret\na: hunter2\n# open\nb: 1\n', { selector: byComment })
  expect(own).toContain('# secret')
  expect(await strays(own, 'secrets/x.yaml', commented)).toEqual([])
})

test('finds comments in a file that holds nothing else, and says nothing of those beside readable values', async () => {
  expect(await strays('# hunter2\n')).toEqual(['plaintext 1'])
  expect(await strays('#\n# \n')).toEqual([])
  expect(await strays('# hunter2\na: 1\n')).toEqual([])
  expect(await strays('# hunter2\n', 'docs/x.yaml')).toEqual([])
})

test('only notes what a later sops may have reason for', async () => {
  const later = text.replace('version: 3.13.3', 'version: 3.14.0').replace('sops:\n', 'sops:\n    newer: x\n')
  const [stray] = await straysOf(Buffer.from(later), await demandAt('secrets/x.yaml'))
  expect(stray?.flaw).toMatchObject({ verdict: 'stray-metadata', severity: 'note' })
})

describe.skipIf(!hasSharedData)('where the corpora are at hand', () => {
  test('finds nothing readable in any file of others once it is encrypted', async () => {
    const demand = await demandAt('secrets/x.yaml')
    let count = 0
    for (const file of filesBelow(sharedData('corpora')).filter((name) => /\.ya?ml$/.test(name))) {
      const source = readFileSync(file, 'utf8')
      const protectedText = await encrypted(source).catch((error) => {
        if (error instanceof KmsfileError) return undefined
        throw error
      })
      if (protectedText === undefined) continue
      count++
      const found = [
        ...(await judgeContent(Buffer.from(protectedText), demand)),
        ...(await straysOf(Buffer.from(protectedText), demand)).map(({ flaw }) => flaw),
      ]
      expect([file, found]).toEqual([file, []])
    }
    expect(count).toBeGreaterThan(200)
  }, 60_000)
})

async function strays(content: string, path = 'secrets/x.yaml', rules = RULES): Promise<readonly string[]> {
  const found = await straysOf(Buffer.from(content), await demandAt(path, rules))
  expect(JSON.stringify(found.map(({ flaw }) => flaw))).not.toContain('hunter2')
  return found.map(({ flaw: { verdict, line, keys } }) => [verdict, line, ...(keys ? [keys.join('.')] : [])].join(' '))
}

async function demandAt(path: string, rules = RULES): Promise<Demand> {
  const demand = demandFinder(await policyOf([{ path: '.kmsfile.yaml', text: rules }]))(path)
  return demand ?? { format: 'yaml', managed: false, selectors: [], sealed: false, strays: false, key: '' }
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
}
