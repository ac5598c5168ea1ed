import fc from 'fast-check'

/** Stand for tokens that nobody can miss: in values, in numbers, in comments. */
export const MARKS = { text: '\ue000', number: '\ue001', comment: '\ue002' } as const

interface Note {
  readonly above: string
  readonly inline: string
}
interface Item {
  readonly key: string
  readonly node: Shape
  readonly note: Note
}
/** A node, apart from where it stands. */
export type Shape =
  | { readonly kind: 'scalar'; readonly block: string; readonly flow: string; readonly properties: string }
  | { readonly kind: 'alias'; readonly back: number }
  | {
      readonly kind: 'map' | 'list'
      readonly flow: boolean
      /** Columns from a key or dash to what stands below it. */
      readonly step: number
      readonly layout: number
      readonly properties: string
      readonly items: readonly Item[]
    }

const { text: T, number: N, comment: C } = MARKS

// What stands behind `key:` or `-`. A tab at the start of a line stands for the column of the value; M for the digit of
// its distance from the parent.
const BLOCK_SCALARS = [
  ` ${T}`,
  ` ${T} and ${T}`,
  `   ${T}`,
  ` ${T}#${T}`,
  ` -${T}`,
  ` ${T}:${T}`,
  ` ${T}\n\tmore ${T}`,
  ` ${T}\n\n\t${T}\n\n\n\t${T}`,
  `\n\t${T}`,
  `\n\n\t"${T}"`,
  ` '${T}''s'`,
  ` '${T} \n\n\t ${T}'`,
  ` "${T}\\n\\u00e9\\x41\\/"`,
  ` "${T}\\\n\t  ${T}\\  \n\n\t\\ ${T}"`,
  ` "\\U0001F600 ${T}"`,
  ` |\n\t${T}\n\t  ${T}\n\n\t#${T}\n`,
  ` |-\n\t${T}`,
  ` |+\n\t${T}\n\n\n`,
  ` |M\n\t  ${T}\n\t${T}`,
  ` |M-\n\t${T}\n`,
  ` |-M\n\n\n\t${T}\n`,
  ` | # ${C}\n\t${T}`,
  ` >\n\t${T}\n\t${T}\n\n\t  ${T}\n\t${T}`,
  ` >-\n\t${T}\n\n`,
  ` >+M # ${C}\n\t${T}\n\n`,
  ` !!int # ${C}\n\t${N}`,
  ` !custom # ${C}\n\t!!int\n\t${N}`,
  ` !!int # ${C}\n\t|\n\t${N}\n`,
  ` !custom # ${C}\n\t| # ${C}\n\t${T}\n`,
  ` |\n\n`,
  ` |+\n\n`,
  ` |\n`,
  ` !!str |\n\t${T}`,
  ` !<tag:yaml.org,2002:str> ${T}`,
  ` # ${C}\n\t${T}`,
  ` # ${C}\n\t# ${C}\n\t"${T}"`,
  ` !!binary |\n\tZm9v\n`,
  `\u00a0${T}`,
  ` \u{1f600}${T}`,
]
// Of these a mark is the only thing that varies; they stand in block and in flow.
const FLOW_SCALARS = [
  T,
  `'${T}'`,
  `"${T}"`,
  `"${T}\\t"`,
  `${T} ${T}`,
  `${T}#x`,
  N,
  `-${N}`,
  `${N}.5`,
  `0x${N}`,
  `+${N}`,
  `${N}_000`,
  `"${N}"`,
  '1e3',
  '.5',
  '0o17',
  '007',
  '08',
  '1:30',
  '123456789012345678901234567890',
  '9223372036854775808',
  'true',
  'False',
  'NULL',
  '~',
  'yes',
  '.inf',
  '-.INF',
  '.NaN',
  '2001-12-14',
  '2001-12-14t21:59:43.10-05:00',
  '2001-12-14 21:59:43.10',
  "''",
  '""',
  `!custom ${T}`,
  `!e!local "${T}"`,
  `!!str ${N}`,
  `!!int ${N}`,
  '!!float 3',
  '!!bool true',
  '!!null null',
  '!!timestamp 2001-12-14',
  '!!binary Zm9v',
  `! ${N}`,
  '!!set',
  '<<',
  '=',
  `ENC[${T}]`,
  `a\\${T}`,
]
const KEYS = [
  ...['a', 'b', 'c', 'd', 'e', '"q"', "'s'", 'a b', '\u00e9', '"\\u00e9 \\x41"', 'a:b', '-x', '?x', '\u{1f600}', '"#"'],
  ...[
    '1',
    'true',
    '~',
    '2.5',
    '2001-12-14',
    '0x1F',
    '"1"',
    '!!str z',
    '&k y',
    '!t x',
    '"<<"',
    '<<',
    'sec_a',
    'b_plain',
  ],
  ...[
    '? e',
    '? "f"',
    `? # ${C}\n\tf`,
    `? !!int # ${C}\n\t7`,
    `? !t # ${C}\n\t&k # ${C}\n\ty`,
    '? |\n\tg\n',
    '? [h]',
    '""',
    `*alias `,
    '__proto__',
    'constructor',
    'x_unencrypted',
    'pass',
  ],
]
// `&` stands for an anchor with a name of its own.
const PROPERTIES = [
  ...['', '', '', '', '', '', '', '', '&', '&', '&', '!custom', '!e!local', '!!seq', '!!map', '!custom &', '& !custom'],
  ...[`!custom # ${C}\n\t&`, `& # ${C}\n\t# ${C}\n\t!!map`, '!custom\n\t&'],
]

const commentLines = fc.constantFrom(
  ...[
    '',
    '',
    '',
    '',
    '',
    '',
    '',
    '\n',
    '\n\n',
    `# ${C}\n`,
    `#${C}\n`,
    '#\n',
    `  # ${C}\n`,
    `\n# ${C}: x\n\n# - ${C}\n`,
  ],
  ...[`      # ${C} deep\n`, `# ${C} \u{1f600}  \n`, `# ${C}\t\n`, '   \n'],
)
const inlineComment = fc.constantFrom('', '', '', '', '', '', ` # ${C}`, `  #${C}`, ' #', ` # {${C}: [`, ' ')
const note = fc.record<Note>({ above: commentLines, inline: inlineComment })

const scalar = fc
  .tuple(
    fc.oneof(
      { arbitrary: fc.constantFrom(...FLOW_SCALARS).map((flow) => [` ${flow}`, flow] as const), weight: 3 },
      { arbitrary: fc.constantFrom(...BLOCK_SCALARS).map((block) => [block, T] as const), weight: 3 },
      { arbitrary: fc.constant(['', T] as const), weight: 1 },
    ),
    fc.integer({ min: 0, max: 9 }),
  )
  .map(([[block, flow], luck]): Shape => {
    const properties = luck === 0 && !/^\s*[!#]/.test(block) && !flow.startsWith('!') ? '&' : ''
    return { kind: 'scalar', block, flow, properties }
  })

const shapes = fc.letrec<{ node: Shape; collection: Shape }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthSize: 'small', withCrossShrink: true },
    { arbitrary: scalar, weight: 6 },
    { arbitrary: fc.nat(3).map((back): Shape => ({ kind: 'alias', back })), weight: 1 },
    { arbitrary: tie('collection'), weight: 4 },
  ),
  collection: fc
    .record({
      kind: fc.constantFrom<'map' | 'list'>('map', 'map', 'list'),
      flow: fc.nat(4).map((luck) => luck === 0),
      step: fc.constantFrom(2, 2, 2, 4, 1, 3, 0),
      layout: fc.nat(5),
      properties: fc.constantFrom(...PROPERTIES),
      items: fc.uniqueArray(fc.record({ key: fc.constantFrom(...KEYS), node: tie('node'), note }), {
        maxLength: 4,
        selector: ({ key }) => key,
      }),
    })
    .map((made): Shape => made),
}))

const document = fc.record({
  head: fc.oneof(
    { arbitrary: fc.constant(''), weight: 5 },
    fc.constantFrom(
      ...['---\n', `--- # ${C}\n`, `# ${C}\n\n`, `# ${C}\n---\n# ${C}\n`, '%YAML 1.1\n---\n', '%YAML 1.2\n---\n'],
      ...['%TAG !e! tag:example.com,2000:\n---\n', `%TAG !e! !x # ${C}\n--- # ${C}\n`, '%FOO bar\n---\n', '\n\n'],
    ),
  ),
  root: fc.oneof({ arbitrary: shapes.collection, weight: 12 }, { arbitrary: shapes.node, weight: 1 }),
  tail: fc.constantFrom('', '', '', '', `# ${C}\n`, '...\n', `...\n# ${C}\n`, `  # ${C}\n`, '\n\n'),
})
type Document = typeof document extends fc.Arbitrary<infer T> ? T : never

const endings = fc.record({
  eol: fc.constantFrom('\n', '\n', '\n', '\r\n', 'mixed'),
  bom: fc.nat(9).map((luck) => luck === 0),
  open: fc.nat(4).map((luck) => luck === 0),
  blanks: fc.constantFrom('', '', '', '', '  ', '\t'),
})
type Endings = typeof endings extends fc.Arbitrary<infer T> ? T : never

/** What a document looks like; {@link renderYaml} makes a text of it. */
export interface YamlShape {
  readonly documents: readonly Document[]
  readonly endings: Endings
}

/**
 * YAML documents with everything that can be in one. Most of the texts are valid YAML, not all.
 */
export const yamlShape: fc.Arbitrary<YamlShape> = fc.record({
  documents: fc.oneof(
    { arbitrary: fc.array(document, { minLength: 1, maxLength: 1 }), weight: 3 },
    fc.array(document, { minLength: 0, maxLength: 3 }),
  ),
  endings,
})
