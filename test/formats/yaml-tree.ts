import fc from 'fast-check'
import { formatGoFloat } from '../../src/core/go-number.ts'
import type { Comment, Document, Entry, Leaf, ListNode, MapNode, Node, ScalarType } from '../../src/core/tree.ts'

const nowhere = { start: 0, end: 0 }

export function leaf(type: ScalarType, text: string): Leaf {
  return { kind: 'leaf', type, text, ...nowhere }
}

export function str(text: string): Leaf {
  return leaf('str', text)
}

export function comment(text: string, { inline = false, at = 0 } = {}): Comment {
  return { kind: 'comment', text, inline, start: at, end: at }
}

export function entry(key: string, value: Node): Entry {
  return { kind: 'entry', key, keySpan: nowhere, keyIsString: true, value }
}

export function map(...items: readonly (Entry | Comment)[]): MapNode {
  return { kind: 'map', flow: false, items, ...nowhere }
}

export function list(...items: readonly (Node | Comment)[]): ListNode {
  return { kind: 'list', flow: false, items, ...nowhere }
}

export function alias(target: Node): Node {
  return { kind: 'alias', name: 'a', target, ...nowhere }
}

export function document(root: Node | undefined, ...comments: readonly Comment[]): Document {
  return { root, comments, ...nowhere }
}

const WORDS = (
  'yes No ON off y N true FALSE null Null ~ = << <<: .inf -.Inf .NaN +.inf inf nan 1 0 -1 +1 017 0o17 0x1F 0b1 0b-1 0_b1 08 ' +
  '1_000 1,000 1.5 .5 5. 1e3 1e+3 1.e5 e5 E+5 . .. ... --- ---x - -x ? ?x : :x ::x x: a:b a:b: 1:30 190:20:30.15 2001-12-14 ' +
  "2001-12-14T21:59:43Z 2001-1-1 20:30 !x !!str &a *a @x `x %x %TAG |x >x # #x x#y {} [] {a ,e \"q\" 's' it's \\n \\ / 10.0.0.1 " +
  '1.2.3 10m 2nd _ _1 1_ ._ .e+5 0x1p-2 ENC[AES256_GCM,data:x] tRUE nil None 1e400 -0 -0.0 00 9223372036854775808 :sym'
).split(' ')
const CHARACTERS = [
  ...' \n\t:#-?,[]{}&*!|>\'"%@`=~<.+_/\\019abeEnoxyYtTzZ',
  ...'\r\u0085\u2028\u2029\ufeff\ufffe\uffff\ufffd\0\x07\x1b\x7f\x80\x9f\u00a0\u3000\u200b\u202e\u00e9\u65e5\ud7ff\ue000\u2003',
  '\u{1f600}',
  '\u{10ffff}',
]
const LINES = ['a', '  b', '\tc', '', 'd ', '# e', '- f', 'k: v', '---', '...', '\u65e5\u672c', 'x\t', '%a']

/** Strings that some reader of YAML takes for something else. */
export const nastyString: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...WORDS),
  fc
    .array(fc.oneof(fc.constantFrom(...WORDS), fc.constantFrom(...CHARACTERS)), { maxLength: 3 })
    .map((parts) => parts.join('')),
  fc.array(fc.constantFrom(...CHARACTERS), { maxLength: 8 }).map((characters) => characters.join('')),
  fc
    .array(fc.constantFrom(...'0123456789+-._:,eExobTZnfia '), { maxLength: 7 })
    .map((characters) => characters.join('')),
  fc
    .tuple(fc.array(fc.constantFrom(...LINES), { maxLength: 4 }), fc.constantFrom('', '\n', '\n\n', ' ', '\n '))
    .map(([lines, end]) => lines.join('\n') + end),
  fc.tuple(fc.constantFrom(...WORDS), fc.integer({ min: 1, max: 150 })).map(([word, times]) => word.repeat(times)),
)

const typedLeaf: fc.Arbitrary<Leaf> = fc.oneof(
  fc.constant(leaf('null', '')),
  fc.boolean().map((value) => leaf('bool', value ? 'True' : 'False')),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => leaf('int', String(value))),
  fc.double().map((value) => leaf('float', formatGoFloat(value))),
  fc
    .date({ min: new Date('1000-01-01'), max: new Date('9999-12-30'), noInvalidDate: true })
    .map((date) => leaf('time', date.toISOString().replace(/\.?0*Z/, 'Z'))),
)

const commentText = fc.constantFrom(' note', '', 'x: 1', ' a\u2028b: 1', ' a\rb: 1', ' \u{1f600} ', '\tx', ' #', '!')
const anyComment = fc.tuple(commentText, fc.boolean()).map(([text, inline]) => comment(text, { inline }))

/** Trees of nasty strings with comments anywhere. */
export const nastyTree: fc.Arbitrary<Node> = fc.letrec<{ node: Node; map: MapNode; list: ListNode }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { arbitrary: nastyString.map(str), weight: 4 },
    { arbitrary: typedLeaf, weight: 1 },
    { arbitrary: tie('map'), weight: 2 },
    { arbitrary: tie('list'), weight: 2 },
  ),
  map: fc
    .uniqueArray(fc.tuple(nastyString, tie('node'), fc.option(anyComment, { nil: undefined })), {
      maxLength: 4,
      selector: ([key]) => key,
    })
    .map((entries) => map(...entries.flatMap(([key, value, note]) => [...(note ? [note] : []), entry(key, value)]))),
  list: fc.array(fc.oneof(tie('node'), anyComment), { maxLength: 4 }).map((items) => list(...items)),
})).node
