import fc from 'fast-check'

/** What stands around an entry or item; how it is rendered depends on where it comes to stand. */
interface Extras {
  readonly above: string
  readonly inline: string
  readonly anchor: boolean
  readonly gap: string
}
type Item = { readonly key: string; readonly node: Shape; readonly extras: Extras }
type Shape =
  | { readonly kind: 'token'; readonly tokens: readonly [block: string, flow: string] }
  | { readonly kind: 'map' | 'list'; readonly flow: boolean; readonly step: number; readonly items: readonly Item[] }
  | { readonly kind: 'alias' }

const BLOCK_TOKENS = [
  '|\n  text\n  more\n',
  '|-\n  text',
  '|+\n  text\n\n',
  '|2\n   indented',
  '| # note\n  text',
  '>\n  folded\n  text\n\n  more',
  '>-\n  folded',
  'plain of\n  two lines',
  '"double of\n  two\\n lines"',
  "'single of\n\n  two lines'",
  '\n  below',
  '\n  # note\n  "below"',
  '!!str |\n  tagged',
  '|\n\n',
]
const FLOW_TOKENS = [
  'word',
  "'single'",
  '"double \\u00e9"',
  '12',
  '1.5',
  'true',
  '~',
  'null',
  '2001-12-14',
  '!!str 5',
  '!!int 5',
  '!custom x',
  '"12"',
  "'it''s'",
  'a b',
  'x#y',
]

const note = fc.constantFrom('', '', '', '', '# note', '#', '# {a: 1}')
const extras: fc.Arbitrary<Extras> = fc.record({
  above: fc.constantFrom('', '', '', '', '', '\n', '# head\n', '  # deep\n', '<# left\n', '\n# one\n\n# two\n'),
  inline: note,
  anchor: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
  gap: fc.constantFrom(' ', ' ', ' ', '  ', '   '),
})
const keys = fc.constantFrom('a', 'b', 'c', 'd', '"q"', "'s'", '1', 'true', 'a b', 'é', '? x', '&k y', '!!str z', '<<')
const token = fc
  .tuple(fc.constantFrom(...FLOW_TOKENS, ''), fc.constantFrom(...BLOCK_TOKENS), fc.nat(2))
  .map(([flow, block, isBlock]): Shape => ({ kind: 'token', tokens: [isBlock === 0 ? block : flow, flow || "''"] }))

const shape = fc.letrec<{ node: Shape; collection: Shape }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, depthSize: 'small', withCrossShrink: true },
    { arbitrary: token, weight: 5 },
    { arbitrary: fc.constant<Shape>({ kind: 'alias' }), weight: 1 },
    { arbitrary: tie('collection'), weight: 4 },
  ),
  collection: fc
    .record({
      kind: fc.constantFrom<'map' | 'list'>('map', 'map', 'list'),
      flow: fc.nat(3).map((n) => n === 0),
      step: fc.constantFrom(2, 2, 4, 1, 3, 0),
      items: fc.uniqueArray(fc.record({ key: keys, node: tie('node'), extras }), {
        minLength: 0,
        maxLength: 4,
        selector: ({ key }) => key,
      }),
    })
    .map((made): Shape => ({ ...made })),
}))

/**
 * YAML texts of every style: block and flow, comments and blank lines anywhere, anchors and aliases, tags, block scalars,
 * several documents, both line breaks, with and without a final one. Most of them are valid, not all.
 */
export const yamlText: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(fc.tuple(shape.collection, fc.constantFrom('', '', '---\n', '--- # start\n', '# top\n\n'), extras), {
      minLength: 1,
      maxLength: 2,
    }),
    fc.constantFrom('', '', '# end\n', '\n\n', '...\n', '  # deep end\n'),
    fc.constantFrom('\n', '\n', '\r\n'),
    fc.nat(4),
  )
  .map(([documents, end, eol, open]) => {
    const texts = documents.map(
      ([root, head], i) => (i > 0 && !head.startsWith('---') ? '---\n' : '') + head + render(root),
    )
    const text = texts.join('') + end
    return (open === 0 ? text.replace(/\n$/, '') : text).replaceAll('\n', eol)
  })

function render(root: Shape): string {
  const anchors: string[] = []
  return `${block(root, 0, '').replace(/^\n/, '')}\n`.replace(/\n+$/, (ends) =>
    ends.length > 2 ? ends.slice(1) : '\n',
  )

  /** What stands behind a key or a dash, from its first space to before the line break. */
  function block(node: Shape, column: number, inline: string, extra?: Extras): string {
    const properties = extra?.anchor === true && node.kind !== 'alias' ? ` &n${anchors.length}` : ''
    const text = unanchored()
    if (properties !== '') anchors.push(properties.slice(2))
    return text

    function unanchored(): string {
      const behind = inline === '' ? '' : ` ${inline}`
      if (node.kind === 'alias') return aliasOr(`${extra?.gap ?? ' '}word`) + behind
      if (node.kind === 'token') {
        const [first = '', ...rest] = node.tokens[0].split('\n')
        const lines = rest.map((line) => (line === '' ? '' : ' '.repeat(column) + line))
        const space = first === '' ? '' : properties === '' ? (extra?.gap ?? ' ') : ' '
        const isBlock = /[|>]/.test(first)
        const head = `${properties}${space}${first}`
        if (isBlock || rest.length === 0) return [head + (first.includes('#') ? '' : behind), ...lines].join('\n')
        return [head, ...lines].join('\n') + behind
      }
      if (node.flow || node.items.length === 0) return `${properties} ${flow(node, column + 1)}${behind}`
      return `${properties}${behind}\n${items(node, column)}`
    }
  }

  function items(node: Extract<Shape, { items: readonly Item[] }>, column: number): string {
    return node.items
      .map(({ key, node: own, extras }) => {
        const above = extras.above.replace(
          /(^|\n)(<?)(?= *#)/g,
          (_, start, left) => start + (left ? '' : ' '.repeat(column)),
        )
        const step = node.step === 0 && own.kind !== 'list' ? 2 : node.step
        const margin = above + ' '.repeat(column)
        if (node.kind === 'list') {
          const inner = block(own, column + Math.max(step, 1), extras.inline, extras)
          // A collection on the line of its dash.
          const compact = /^\n( +)(?! |#|\n)/.exec(inner)
          const gap = (compact?.[1]?.length ?? 0) - column - 1
          return compact !== null && gap > 0 && step !== 3
            ? `${margin}-${inner.slice(1 + column + 1)}`
            : `${margin}-${inner}`
        }
        const value = block(own, column + step, extras.inline, extras)
        return key.startsWith('? ') ? `${margin}${key}\n${' '.repeat(column)}:${value}` : `${margin}${key}:${value}`
      })
      .join('\n')
  }

  function flow(node: Extract<Shape, { items: readonly Item[] }>, column: number): string {
    const [open, close] = node.kind === 'map' ? '{}' : '[]'
    const lines = node.step === 4
    const pad = lines ? `\n${' '.repeat(column + 1)}` : ''
    const parts = node.items.map(({ key, node: own, extras }) => {
      const value =
        own.kind === 'alias' ? aliasOr('word').trim() : own.kind === 'token' ? own.tokens[1] : flow(own, column + 1)
      const name = key.startsWith('? ') ? `${key} ` : key
      const isBare = node.step === 1 && value === "''"
      return `${node.kind === 'map' ? (isBare ? name : `${name}: ${value}`) : value}\0${lines ? extras.inline : ''}`
    })
    if (parts.length === 0) return `${open}${node.step === 3 ? ' ' : ''}${close}`
    const trailing = node.step === 3 || (lines && node.flow)
    const joined = parts.map((part, i) => {
      const [item = '', inline = ''] = part.split('\0')
      const comma = i < parts.length - 1 || trailing ? ',' : ''
      return `${pad}${item}${comma}${inline === '' ? '' : ` ${inline}`}`
    })
    const space = node.step === 2 ? ' ' : ''
    return `${open}${space}${joined.join(lines ? '' : ' ')}${lines ? `\n${' '.repeat(column)}` : space}${close}`
  }

  function aliasOr(other: string): string {
    const name = anchors.at(-1)
    return name === undefined ? other : ` *${name}`
  }
}
