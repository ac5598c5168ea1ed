import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EnvelopeType } from '../../src/core/encrypted-value.ts'
import { DEFAULT_SELECTOR, type Selector } from '../../src/core/selection.ts'
import type { ScalarType } from '../../src/core/tree.ts'
import { encodeView } from '../../src/core/view.ts'

/** A tree as an encoder meets it. `selected`: the selector would have what stands here encrypted. */
type Model =
  | { readonly kind: 'encrypted'; readonly type: EnvelopeType; readonly text: string }
  | { readonly kind: 'plain'; readonly type: ScalarType; readonly text: string; readonly selected: boolean }
  | { readonly kind: 'map'; readonly selected: boolean; readonly entries: readonly (readonly [string, Model])[] }
  | { readonly kind: 'list'; readonly selected: boolean; readonly items: readonly Model[] }

interface View {
  readonly documents: readonly (Model | undefined)[]
  readonly selector: Selector
  readonly onlyEncrypted: boolean
}

function encode({ documents, selector, onlyEncrypted }: View): string {
  const chunks: Buffer[] = []
  // Copied: the bytes are the encoder's again when the sink returns.
  const view = encodeView((bytes) => chunks.push(Buffer.from(bytes)), { selector, onlyEncrypted })
  for (const root of documents) {
    view.startDocument()
    if (root !== undefined) visit(root)
    view.endDocument()
  }
  view.end()
  return Buffer.concat(chunks).toString('latin1')

  function visit(node: Model): void {
    switch (node.kind) {
      case 'encrypted':
        view.encrypted(node.type, node.text)
        return
      case 'plain':
        view.plain(node.type, node.text, node.selected)
        return
      case 'map':
        view.startMap(node.selected)
        for (const [key, value] of node.entries) {
          view.key(key)
          visit(value)
        }
        view.endMap()
        return
      case 'list':
        view.startList(node.selected)
        node.items.forEach(visit)
        view.endList()
        return
      default:
        node satisfies never
    }
  }
}

const CLASSES = { null: 'null', str: 'string', int: 'number', float: 'number', bool: 'bool', time: 'time' } as const

/** What docs/format.md, 2.3, says a view is: two views are the same if and only if this is. */
function meaning({ documents, selector, onlyEncrypted }: View): string {
  return JSON.stringify([selector, onlyEncrypted, documents.map((root) => (root === undefined ? undefined : of(root)))])

  function of(node: Model): unknown {
    switch (node.kind) {
      case 'encrypted':
        return ['encrypted', node.type, node.text]
      case 'plain': {
        const zero = node.text === '-0' && node.type !== 'str'
        const plain = ['plain', CLASSES[node.type], node.type === 'null' ? '' : zero ? '0' : node.text]
        return onlyEncrypted && !node.selected ? undefined : plain
      }
      case 'map': {
        const entries = node.entries.map(([key, value]) => [key, of(value)] as const).filter(([, value]) => value)
        return onlyEncrypted && !node.selected && entries.length === 0 ? undefined : ['map', entries]
      }
      case 'list': {
        const items = node.items.map(of).filter((item) => item)
        return onlyEncrypted && !node.selected && items.length === 0 ? undefined : ['list', items]
      }
      default:
        return node satisfies never
    }
  }
}

// Texts that a border in the wrong place would make the same.
const text = fc.constantFrom(
  '',
  'a',
  'b',
  'ab',
  '0',
  '-0',
  's',
  '{',
  '}',
  'str',
  '\0',
  '\0\0\0\0\0\0\0\x01a',
  'k',
  '\u00e9',
)
const scalarType = fc.constantFrom<ScalarType>('str', 'int', 'float', 'bool', 'time', 'null')
const envelopeType = fc.constantFrom<EnvelopeType>('str', 'int', 'float', 'bool', 'time', 'comment')
const model: fc.Arbitrary<Model> = fc.letrec<{ node: Model }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.record({ kind: fc.constant('encrypted'), type: envelopeType, text }),
    fc.record({ kind: fc.constant('plain'), type: scalarType, text, selected: fc.boolean() }),
    fc.record({
      kind: fc.constant('map'),
      selected: fc.boolean(),
      entries: fc.array(fc.tuple(text, tie('node')), { maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('list'), selected: fc.boolean(), items: fc.array(tie('node'), { maxLength: 3 }) }),
  ),
})).node
const selector = fc.record<Selector>({
  kind: fc.constantFrom('unencrypted-suffix', 'encrypted-suffix', 'encrypted-regex'),
  text: fc.constantFrom('a', 'b', ''),
})
const view = fc.record<View>({
  documents: fc.array(fc.option(model, { nil: undefined }), { maxLength: 2 }),
  selector,
  onlyEncrypted: fc.boolean(),
})

/** A view that differs little from another one, or not at all. */
const neighbours = view.chain((first) =>
  fc.tuple(
    fc.constant(first),
    fc.oneof(
      view,
      fc.infiniteStream(fc.nat(20)).map((dice) => change(first, dice)),
    ),
  ),
)

function change(from: View, dice: IterableIterator<number>): View {
  const roll = () => dice.next().value as number
  return { ...from, documents: from.documents.map((root) => (root === undefined ? root : changed(root))) }

  function changed(node: Model): Model {
    const luck = roll()
    if (luck === 0) return { kind: 'list', selected: roll() < 10, items: [node] }
    if (luck === 1) return { kind: 'map', selected: roll() < 10, entries: [['a', node]] }
    if (luck === 2 && node.kind === 'encrypted') return { ...node, type: 'int' }
    if (luck <= 3 && node.kind === 'plain') return { ...node, type: roll() < 10 ? 'str' : 'float' }
    if (luck === 4 && 'text' in node) return { ...node, text: `${node.text}a` }
    if (node.kind === 'list') return { ...node, items: shuffled(node.items.map(changed), luck) }
    if (node.kind === 'map') {
      const entries = node.entries.map(([key, value]) => [roll() === 5 ? `${key}a` : key, changed(value)] as const)
      return { ...node, entries: shuffled(entries, luck) }
    }
    return node
  }
}

function shuffled<T>(items: readonly T[], luck: number): readonly T[] {
  if (luck === 6) return items.toReversed()
  if (luck === 7) return items.slice(1)
  return luck === 8 ? [...items, ...items.slice(0, 1)] : items
}

/** Takes an encoding apart again, as the meaning of {@link meaning}: if that can be done, no two meanings share one. */
function decode(encoding: string): unknown {
  const bytes = Buffer.from(encoding, 'latin1')
  let at = 0
  expect(item('v')).toBe('kmsfile v1')
  const selector = { kind: item('S'), text: item('S') }
  const onlyEncrypted = item('m') === '1'
  expect(item('b')).toBe('0')
  const documents: unknown[] = []
  while (at < bytes.length) {
    tag('D')
    documents.push(peek() === 'd' ? undefined : node())
    tag('d')
  }
  return [selector, onlyEncrypted, documents]

  function peek(): string {
    return String.fromCharCode(bytes[at] ?? 0)
  }
  function tag(expected: string): void {
    expect(peek()).toBe(expected)
    at++
  }
  function item(expected: string): string {
    tag(expected)
    const length = Number(bytes.readBigUInt64BE(at))
    at += 8 + length
    return bytes.subarray(at - length, at).toString()
  }
  function node(): unknown {
    const sign = peek()
    if (sign === 'E') return ['encrypted', item('E'), item('e')]
    if (sign === '{' || sign === '[') return collection(sign)
    if (sign !== 'n') return ['plain', CLASS_OF[sign], item(sign)]
    tag('n')
    return ['plain', 'null', '']
  }
  function collection(sign: '{' | '['): unknown {
    tag(sign)
    const inside: unknown[] = []
    const closing = sign === '{' ? '}' : ']'
    while (peek() !== closing) inside.push(sign === '{' ? [item('k'), node()] : node())
    tag(closing)
    return [sign === '{' ? 'map' : 'list', inside]
  }
}

const CLASS_OF: Readonly<Record<string, string>> = { s: 'string', '#': 'number', '?': 'bool', t: 'time' }

test('an encoding says what its view means, and nothing else', () => {
  fc.assert(
    fc.property(view, (each) => {
      expect(JSON.stringify(decode(encode(each)))).toBe(meaning(each))
    }),
    { numRuns: 1000 },
  )
})

test('two views have the same encoding if and only if they mean the same', () => {
  let same = 0
  fc.assert(
    fc.property(neighbours, ([first, second]) => {
      const equal = meaning(first) === meaning(second)
      if (equal) same++
      expect(encode(first) === encode(second)).toBe(equal)
    }),
    { numRuns: 4000 },
  )
  expect(same).toBeGreaterThan(100)
})

const plainView = (root: Model): View => ({ documents: [root], selector: DEFAULT_SELECTOR, onlyEncrypted: false })
const plain = (type: ScalarType, value: string): Model => ({ kind: 'plain', type, text: value, selected: true })
const encrypted = (type: EnvelopeType, value: string): Model => ({ kind: 'encrypted', type, text: value })

describe('stays the same where sops prints another spelling', () => {
  test.each<[string, Model, Model]>([
    ['a readable 3.0 becomes 3', plain('float', '3'), plain('int', '3')],
    ['a readable -0 becomes 0', plain('float', '-0'), plain('int', '0')],
    ['a readable null stays null whatever its text', plain('null', ''), plain('null', '~')],
  ])('%s', (_what, before, after) => {
    expect(encode(plainView(before))).toBe(encode(plainView(after)))
  })
})

describe('tells apart', () => {
  test.each<[string, Model, Model]>([
    [
      'an empty map and an empty list',
      { kind: 'map', selected: true, entries: [] },
      { kind: 'list', selected: true, items: [] },
    ],
    ['null and an empty text', plain('null', ''), plain('str', '')],
    ['an empty map and null', { kind: 'map', selected: true, entries: [] }, plain('null', '')],
    ['an encrypted int and an encrypted float', encrypted('int', '3'), encrypted('float', '3')],
    ['an encrypted -0 and 0', encrypted('float', '-0'), encrypted('float', '0')],
    ['the text "-0" and "0"', plain('str', '-0'), plain('str', '0')],
    ['what is encrypted and what is not', encrypted('str', 'a'), plain('str', 'a')],
    ['true and "True"', plain('bool', 'True'), plain('str', 'True')],
  ])('%s', (_what, first, second) => {
    expect(encode(plainView(first))).not.toBe(encode(plainView(second)))
  })
})

describe('with mac_only_encrypted', () => {
  const of = (root: Model): string => encode({ ...plainView(root), onlyEncrypted: true })
  const readable = (value: string): Model => ({ kind: 'plain', type: 'str', text: value, selected: false })
  const map = (entries: readonly (readonly [string, Model])[], selected = false): Model => ({
    kind: 'map',
    selected,
    entries,
  })
  const secret = encrypted('str', 'x')

  test('what is not selected may be edited, added and removed', () => {
    const before = of(
      map([
        ['a', readable('1')],
        ['b', map([['c', secret]])],
        ['d', map([])],
      ]),
    )
    expect(
      of(
        map([
          [
            'b',
            map([
              ['more', readable('2')],
              ['c', secret],
            ]),
          ],
        ]),
      ),
    ).toBe(before)
  })

  test.each<[string, Model]>([
    [
      'a null added where values are encrypted',
      map([
        ['b', map([['c', secret]])],
        ['n', plain('null', '')],
      ]),
    ],
    [
      'an empty text added where values are encrypted',
      map([
        ['b', map([['c', secret]])],
        ['n', plain('str', '')],
      ]),
    ],
    [
      'an empty map added where values are encrypted',
      map([
        ['b', map([['c', secret]])],
        ['n', map([], true)],
      ]),
    ],
    ['a key on the way to a value renamed', map([['B', map([['c', secret]])]])],
    ['a value moved out of its map', map([['c', secret]])],
    ['a value put into a list', map([['b', { kind: 'list', selected: false, items: [map([['c', secret]])] }]])],
  ])('%s is seen', (_what, changed) => {
    expect(of(changed)).not.toBe(of(map([['b', map([['c', secret]])]])))
  })
})

test('long texts are encoded like short ones', () => {
  const lengths = [0, 1, 21_836, 21_837, 21_842, 65_527, 65_536, 200_000]
  for (const length of lengths) {
    const value = '\u20ac'.repeat(length)
    const encoded = Buffer.from(
      encode(plainView({ kind: 'list', selected: true, items: [encrypted('str', value), encrypted('str', 'end')] })),
      'latin1',
    )
    const size = Buffer.alloc(8)
    size.writeBigUInt64BE(BigInt(length * 3))
    expect(encoded.includes(Buffer.concat([Buffer.from('e'), size, Buffer.from(value), Buffer.from('E')]))).toBe(true)
  }
})
