import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_SELECTOR, type Selector } from '../../src/core/selection.ts'
import type { Document } from '../../src/core/tree.ts'
import { KmsfileError } from '../../src/errors.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { treeOf } from '../../src/operations/read-secrets.ts'
import { treeDigest } from '../../src/operations/tree-digest.ts'
import { document, entry, leaf, list, map, str } from '../formats/yaml-tree.ts'
import { open, protect } from '../operations/secrets.ts'
import { rulesTampered, type Tampered, tampered } from './tampering.ts'

/** What tampering may be refused with. */
const REFUSAL = /^(INTEGRITY_|FORMAT_|ENVELOPE_INVALID|FILE_)/

const scalar = fc.oneof(
  fc.constantFrom('x', 'y', 'x', '1', 'true', '', 'a\nb').map(str),
  fc.constantFrom(
    leaf('int', '1'),
    leaf('bool', 'True'),
    leaf('float', '1.5'),
    leaf('null', ''),
    leaf('time', '2001-01-01T00:00:00Z'),
  ),
)
const tree = fc.letrec((tie) => ({
  node: fc.oneof({ maxDepth: 3, depthSize: 'small' }, { arbitrary: scalar, weight: 4 }, tie('map'), tie('list')),
  map: fc
    .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e_unencrypted', 'f'), tie('node')), {
      maxLength: 4,
      selector: ([key]) => key,
    })
    .map((entries) => map(...entries.map(([key, value]) => entry(key, value as never)))),
  list: fc.array(tie('node'), { maxLength: 3 }).map((items) => list(...(items as never[]))),
}))
const documents = fc.array(
  (tree.map as fc.Arbitrary<ReturnType<typeof map>>).map((root) => document(root)),
  { minLength: 1, maxLength: 2 },
)

/** Nothing to refuse: whoever reads it finds what the owner wrote. */
async function saysTheSame(text: string, digest: string): Promise<boolean> {
  const file = await open(text)
  return file.integrity === 'sealed' && (await treeDigest(treeOf(file))) === digest
}

/** What was done where nobody saw it. */
async function undetected(changes: readonly Tampered[], digest: string): Promise<readonly string[]> {
  const seen: string[] = []
  for (const { what, text } of changes) {
    try {
      if (!(await saysTheSame(text, digest))) seen.push(`${what}\n${text}`)
    } catch (error) {
      if (!(error instanceof KmsfileError) || !REFUSAL.test(error.code)) throw error
    }
  }
  return seen
}

const digestOf = (trees: readonly Document[]) => treeDigest(trees)

describe('every change of a sealed file that changes what it says is refused', () => {
  test.each<[string, Selector]>([
    ['by default', DEFAULT_SELECTOR],
    ['with an encrypted regex', { kind: 'encrypted-regex', text: '^(a|b)$' }],
    ['with an encrypted suffix', { kind: 'encrypted-suffix', text: 'ed' }],
  ])('%s', async (_what, selector) => {
    let changes = 0
    await fc.assert(
      fc.asyncProperty(documents, async (trees) => {
        const { text } = await protect(yaml.emit(trees), { selector })
        const all = [...tampered(text), ...rulesTampered(text)]
        changes += all.length
        expect(await undetected(all, await digestOf(trees))).toEqual([])
      }),
      { numRuns: 15 },
    )
    expect(changes).toBeGreaterThan(500)
  })

  test('in flow style, with anchors and aliases', async () => {
    const plain = '{a: &x {b: s1, c: [s2, s3]}, d: *x, e_unencrypted: {f: s4, g: *x}, h: [*x, {i: ""}, null]}\n'
    const { text, whole } = await protect(plain)
    expect(whole).toBeUndefined()
    const all = [...tampered(text), ...rulesTampered(text)]
    expect(all.length).toBeGreaterThan(200)
    expect(await undetected(all, await digestOf(yaml.scan(plain).documents))).toEqual([])
  })
})

describe('with mac_only_encrypted', () => {
  const plain = 'a: s1\nb: {c: s2, d: null}\nopen_unencrypted: {e: 1, f: [2]}\nl: [s3, {g_unencrypted: 4}]\n'

  test('what is encrypted, and where, cannot be changed unseen', async () => {
    const { text } = await protect(plain, { macOnlyEncrypted: true })
    for (const { what, text: changed } of tampered(text)) {
      const file = await open(changed).catch((error) => {
        expect(error).toMatchObject({ code: expect.stringMatching(REFUSAL) })
      })
      if (file === undefined) continue
      expect([what, await encryptedOnly(treeOf(file))]).toEqual([what, await encryptedOnly(yaml.scan(plain).documents)])
    }
  })

  test('what is not encrypted can be', async () => {
    const { text } = await protect(plain, { macOnlyEncrypted: true })
    const changed = text.replace('e: 1', 'e: [3, {x: 4}], y: 5').replace('g_unencrypted: 4', 'g_unencrypted: 9')
    expect((await open(changed)).integrity).toBe('sealed')
  })

  /** The tree without what stays readable. */
  function encryptedOnly(trees: readonly Document[]): Promise<string> {
    return treeDigest(trees.map((each) => ({ ...each, root: each.root && without(each.root) })))

    function without(node: NonNullable<Document['root']>): NonNullable<Document['root']> {
      if (node.kind === 'list')
        return { ...node, items: node.items.map((item) => (item.kind === 'comment' ? item : without(item))) }
      if (node.kind !== 'map') return node
      const items = node.items.filter((item) => item.kind === 'entry' && !item.key.endsWith('_unencrypted'))
      return {
        ...node,
        items: items.map((item) => (item.kind === 'entry' ? { ...item, value: without(item.value) } : item)),
      }
    }
  }
})

test('without our key of the metadata the document is still sealed, with its values and types', async () => {
  await fc.assert(
    fc.asyncProperty(documents, async (trees) => {
      const { text } = await protect(yaml.emit(trees))
      const file = await open(text.replace(/^ +kmsfile: .*\n/m, ''))
      expect(file.integrity).toBe('sealed')
      expect(await treeDigest(treeOf(file))).toBe(await digestOf(trees))
    }),
    { numRuns: 60 },
  )
})

describe('what says nothing is accepted, and the file is still sealed', () => {
  const plain = 'a: s1 # c1\n# c2\nb:\n  - s2\n  # c3\n  - {c: s3}\nd: |\n  s4\n  s5\ne_unencrypted: 6\n'

  test.each<[string, (text: string) => string]>([
    ['blank lines', (text) => text.replaceAll(/\n(?=[a-z])/g, '\n\n\n')],
    ['a blank line in front', (text) => `\n${text}`],
    // In a block scalar it would be part of the value.
    ['white space at the end of lines', (text) => text.replace(/(?<!^ *ENC.*)$/gm, ' \t')],
    ['CR LF, as git makes it', (text) => text.replaceAll('\n', '\r\n')],
    ['no comments', (text) => text.replace(/ *#ENC.*\n/g, '\n')],
    ['another comment in front', (text) => `# who was it\n${text}`],
    ['another comment at the end', (text) => `${text}# who was it\n`],
    ['a comment behind a value', (text) => text.replace(/^(a: \S+)/m, '$1 # who')],
    ['comments moved', (text) => text.replace(/(#ENC\S+)([\s\S]*?)(#ENC\S+)/, '$3$2$1')],
    ['the metadata in front', (text) => text.slice(text.indexOf('sops:')) + text.slice(0, text.indexOf('sops:'))],
    ['the metadata in another order', (text) => text.replace(/^( {4}mac: .*\n)(.*\n)/m, '$2$1')],
    ['fields of the metadata that nobody knows', (text) => `${text}    later: {a: [1]}\n`],
    ['comments in the metadata', (text) => text.replace('sops:\n', 'sops: # here\n    # and here\n')],
    ['another version', (text) => text.replace(/version: .*/, 'version: 3.9.1')],
  ])('%s', async (_what, change) => {
    const { text } = await protect(plain)
    const changed = change(text)
    expect(changed).not.toBe(text)

    const file = await open(changed)
    expect(file.integrity).toBe('sealed')
    expect(await treeDigest(treeOf(file))).toBe(await treeDigest(yaml.scan(plain).documents))
  })
})
