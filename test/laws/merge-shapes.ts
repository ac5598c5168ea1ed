import fc from 'fast-check'

/** A value of a YAML document, in one of the ways in which people write it. */
export type Shape =
  | { readonly kind: 'scalar' | 'single' | 'double' | 'anchored'; text: string }
  | { readonly kind: 'alias'; readonly nth: number; readonly text: string }
  | { readonly kind: 'literal' | 'folded'; readonly lines: string[] }
  | { readonly kind: 'values' | 'flow'; readonly items: string[] }
  | { readonly kind: 'records'; readonly field: 'name' | 'id' | 'key' | 'v'; readonly items: Item[] }
  | { readonly kind: 'lists'; readonly items: string[][] }
  | { readonly kind: 'map'; readonly entries: ShapeEntry[] }

interface Item {
  readonly name: string
  value: string
}

export interface ShapeEntry {
  readonly key: string
  value: Shape
  above: string | undefined
  behind: string | undefined
}

/** A file: its documents, and how it breaks lines. */
export interface ShapeFile {
  readonly documents: readonly ShapeEntry[][]
  readonly eol: '\n' | '\r\n'
}

export interface ShapeChange {
  readonly what: 'set' | 'add' | 'append' | 'remove' | 'above' | 'behind' | 'move' | 'retype' | 'document'
  readonly where: number
  readonly which: number
  readonly fresh: number
}

const word = fc.nat(400).map((n) => `v${n}`)
const scalar = fc.oneof(word, fc.constantFrom('1', '2.50', 'true', 'null', '2020-01-02', '~', 'a: b', '# no', 'x #y'))
const words = (minLength: number) => fc.uniqueArray(word, { minLength, maxLength: 4 })

const { shape } = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { maxDepth: 2, depthSize: 'small', withCrossShrink: true },
    { arbitrary: word.map((text): Shape => ({ kind: 'scalar', text })), weight: 6 },
    { arbitrary: fc.record({ kind: fc.constantFrom('single', 'double'), text: scalar }), weight: 2 },
    { arbitrary: word.map((text): Shape => ({ kind: 'anchored', text })), weight: 1 },
    { arbitrary: fc.record({ kind: fc.constant('alias'), nth: fc.nat(3), text: word }), weight: 1 },
    { arbitrary: fc.record({ kind: fc.constantFrom('literal', 'folded'), lines: words(2) }), weight: 1 },
    { arbitrary: fc.record({ kind: fc.constantFrom('values', 'flow'), items: words(0) }), weight: 2 },
    {
      arbitrary: fc.record({
        kind: fc.constant('records'),
        field: fc.constantFrom('name', 'id', 'key', 'v'),
        items: fc.uniqueArray(fc.record({ name: word, value: word }), {
          minLength: 1,
          maxLength: 3,
          selector: ({ name }) => name,
        }),
      }),
      weight: 2,
    },
    {
      arbitrary: fc.record({ kind: fc.constant('lists'), items: fc.array(words(1), { minLength: 1, maxLength: 3 }) }),
      weight: 1,
    },
    { arbitrary: entriesOf(tie('shape'), 0).map((entries): Shape => ({ kind: 'map', entries })), weight: 3 },
  ) as fc.Arbitrary<Shape>,
}))

function entriesOf(of: fc.Arbitrary<Shape>, minLength: number): fc.Arbitrary<ShapeEntry[]> {
  const comment = fc.option(word, { freq: 4, nil: undefined })
  const entry = fc.record({ key: fc.nat(60).map((n) => `k${n}`), value: of, above: comment, behind: comment })
  return fc.uniqueArray(entry, { minLength, maxLength: 6, selector: ({ key }) => key })
}

/** Files of one to three documents. */
export const shapeFile: fc.Arbitrary<ShapeFile> = fc.record({
  documents: fc.oneof(
    { arbitrary: entriesOf(shape, 1).map((entries) => [entries]), weight: 4 },
    { arbitrary: fc.array(entriesOf(shape, 1), { minLength: 2, maxLength: 3 }), weight: 1 },
  ),
  eol: fc.constantFrom('\n', '\n', '\n', '\r\n'),
})

export const shapeChanges = fc.array(
  fc.record<ShapeChange>({
    what: fc.constantFrom<ShapeChange['what']>(
      ...['set', 'set', 'set', 'add', 'append', 'remove', 'above', 'behind', 'move', 'retype'].map(
        (what) => what as ShapeChange['what'],
      ),
    ),
    where: fc.nat(1000),
    which: fc.nat(1000),
    fresh: fc.nat(1000),
  }),
  { minLength: 1, maxLength: 4 },
)

/** The file after the changes. `who` tells new things of one side from those of the other. */
export function changedShapes(file: ShapeFile, list: readonly ShapeChange[], who: string): ShapeFile {
  const copy = structuredClone(file)
  for (const change of list) apply(copy.documents, change, who)
  return copy
}

function apply(documents: readonly ShapeEntry[][], { what, where, which, fresh }: ShapeChange, who: string): void {
  const maps = documents.flatMap(mapsIn)
  const entries = maps[where % maps.length] as ShapeEntry[]
  const isRoot = documents.includes(entries)
  const at = entries.length === 0 ? 0 : which % entries.length
  const entry = entries[at]
  const text = `${who}${fresh}`
  if (what === 'add' || what === 'append') {
    const key = `${who}k${fresh}`
    if (entries.some((each) => each.key === key)) return
    const added: ShapeEntry = { key, value: { kind: 'scalar', text }, above: undefined, behind: undefined }
    entries.splice(what === 'append' ? entries.length : which % (entries.length + 1), 0, added)
  } else if (entry === undefined) return
  else if (what === 'above' || what === 'behind') entry[what] = text
  else if (what === 'remove') {
    if (!isRoot || entries.length > 1) entries.splice(at, 1)
  } else if (what === 'move') entries.splice(fresh % entries.length, 0, ...entries.splice(at, 1))
  else if (what === 'retype') {
    const inner: ShapeEntry = { key: 'in', value: { kind: 'scalar', text }, above: undefined, behind: undefined }
    entry.value = fresh % 2 === 0 ? { kind: 'map', entries: [inner] } : { kind: 'double', text }
  } else set(entry.value, fresh, text)
}

function set(value: Shape, which: number, text: string): void {
  switch (value.kind) {
    case 'scalar':
    case 'single':
    case 'double':
    case 'anchored':
      value.text = text
      return
    case 'literal':
    case 'folded':
      value.lines[which % value.lines.length] = text
      return
    case 'values':
    case 'flow':
      changeItems(value.items, which, text)
      return
    case 'records': {
      const item = value.items[which % value.items.length]
      if (which % 3 === 0) value.items.splice(which % (value.items.length + 1), 0, { name: `n${text}`, value: text })
      else if (which % 7 === 0 && value.items.length > 1) value.items.reverse()
      else if (item !== undefined) item.value = text
      return
    }
    case 'lists': {
      const inner = value.items[which % value.items.length]
      if (which % 3 === 0 || inner === undefined) value.items.push([text])
      else changeItems(inner, which, text)
      return
    }
    case 'alias':
    case 'map':
      return
    default:
      value satisfies never
  }
}

function changeItems(items: string[], which: number, text: string): void {
  if (which % 2 === 0 || items.length < 2) items.splice(which % (items.length + 1), 0, text)
  else if (which % 5 === 0) items.reverse()
  else items.splice(which % items.length, 1)
}

function mapsIn(entries: ShapeEntry[]): ShapeEntry[][] {
  return [entries, ...entries.flatMap(({ value }) => (value.kind === 'map' ? mapsIn(value.entries) : []))]
}

/** How somebody lays their texts out. */
export interface Layout {
  readonly step: string
  /** Whether lists stand in the column of their keys. */
  readonly flush: boolean
}

export function printShapes({ documents, eol }: ShapeFile, layout: Layout = { step: '  ', flush: false }): string {
  const printed = documents.map((entries) => {
    const anchors: string[] = []
    return printEntries(entries, '', { ...layout, anchors })
  })
  return printed.join('---\n').replaceAll('\n', eol)
}

interface Printing extends Layout {
  /** Those that stand earlier in the document. */
  readonly anchors: string[]
}

function printEntries(entries: readonly ShapeEntry[], indent: string, printing: Printing): string {
  return entries
    .map(({ key, value, above, behind }) => {
      const comment = above === undefined ? '' : `${indent}# ${above}\n`
      const [head, ...rest] = linesOf(value, indent, printing)
      // A block has its header there.
      const inline = behind === undefined || value.kind === 'literal' || value.kind === 'folded' ? '' : ` # ${behind}`
      return `${comment}${indent}${key}:${head}${inline}\n${rest.map((line) => `${line}\n`).join('')}`
    })
    .join('')
}

/** What follows the key on its line, and the lines below. */
function linesOf(value: Shape, indent: string, printing: Printing): readonly string[] {
  const inner = indent + printing.step
  const items = printing.flush ? indent : inner
  switch (value.kind) {
    case 'scalar':
      return [` ${value.text}`]
    case 'single':
      return [` '${value.text}'`]
    case 'double':
      return [` "${value.text}"`]
    case 'anchored':
      printing.anchors.push(value.text)
      return [` &a${printing.anchors.length} ${value.text}`]
    case 'alias':
      return [value.nth < printing.anchors.length ? ` *a${value.nth + 1}` : ` ${value.text}`]
    case 'literal':
      return [' |', ...value.lines.map((line) => inner + line)]
    case 'folded':
      return [' >', ...value.lines.map((line) => inner + line)]
    case 'flow':
      return [` [${value.items.join(', ')}]`]
    case 'values':
      return value.items.length === 0 ? [' []'] : ['', ...value.items.map((item) => `${items}- ${item}`)]
    case 'records': {
      const { field } = value
      return ['', ...value.items.flatMap(({ name, value: v }) => [`${items}- ${field}: ${name}`, `${items}  w: ${v}`])]
    }
    case 'lists':
      return ['', ...value.items.flatMap((list) => list.map((item, i) => `${items}${i === 0 ? '- ' : '  '}- ${item}`))]
    case 'map':
      if (value.entries.length === 0) return [' {}']
      return ['', ...printEntries(value.entries, inner, printing).split('\n').slice(0, -1)]
    default:
      return value satisfies never
  }
}

/** The words of all comments, sorted; those of one that is there twice, twice. */
export function commentsOf({ documents }: ShapeFile): readonly string[] {
  const visit = (entries: readonly ShapeEntry[]): readonly string[] =>
    entries.flatMap(({ value, above, behind }) => [
      ...(above === undefined ? [] : [above]),
      ...(behind === undefined || value.kind === 'literal' || value.kind === 'folded' ? [] : [behind]),
      ...(value.kind === 'map' ? visit(value.entries) : []),
    ])
  return documents.flatMap(visit).sort()
}

/** The first document as JSON; comments have no place there, and aliases are what they say. */
export function printShapesJson(
  { documents, eol }: ShapeFile,
  { step }: Layout = { step: '  ', flush: false },
): string {
  return `${JSON.stringify(plainEntries(documents[0] ?? []), null, step)}\n`.replaceAll('\n', eol)
}

function plainEntries(entries: readonly ShapeEntry[]): Record<string, unknown> {
  return Object.fromEntries(entries.map(({ key, value }) => [key, plainShape(value)]))
}

function plainShape(value: Shape): unknown {
  switch (value.kind) {
    case 'scalar':
    case 'single':
    case 'double':
    case 'anchored':
    case 'alias':
      return { v1: 1, v2: true, v3: null, v4: -2.5 }[value.text] ?? value.text
    case 'literal':
    case 'folded':
      return value.lines.join('\n')
    case 'values':
    case 'flow':
    case 'lists':
      return value.items
    case 'records':
      return value.items.map((item) => ({ [value.field]: item.name, w: item.value }))
    case 'map':
      return plainEntries(value.entries)
    default:
      return value satisfies never
  }
}
