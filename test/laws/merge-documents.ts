import fc from 'fast-check'

/** A value of a document, apart from how it is printed. */
export type Value =
  | { readonly kind: 'scalar'; text: string }
  | { readonly kind: 'block'; readonly lines: string[] }
  | { readonly kind: 'list'; readonly items: string[] }
  | { readonly kind: 'named'; readonly items: { readonly name: string; value: string }[] }
  | { readonly kind: 'map'; readonly entries: Entry[] }

export interface Entry {
  readonly key: string
  value: Value
  /** The line above it. */
  comment: string | undefined
}

/** What somebody does to a document; numbers choose among what is there. */
export interface Change {
  readonly what: 'set' | 'add' | 'remove' | 'comment'
  readonly where: number
  readonly which: number
  readonly fresh: number
}

const word = fc.nat(400).map((n) => `v${n}`)
const key = fc.nat(60).map((n) => `k${n}`)

const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, depthSize: 'small', withCrossShrink: true },
    { arbitrary: word.map((text): Value => ({ kind: 'scalar', text })), weight: 6 },
    {
      arbitrary: fc.array(word, { minLength: 2, maxLength: 4 }).map((lines): Value => ({ kind: 'block', lines })),
      weight: 1,
    },
    {
      arbitrary: fc.uniqueArray(word, { minLength: 1, maxLength: 4 }).map((items): Value => ({ kind: 'list', items })),
      weight: 1,
    },
    {
      arbitrary: fc
        .uniqueArray(fc.record({ name: word, value: word }), {
          minLength: 1,
          maxLength: 3,
          selector: ({ name }) => name,
        })
        .map((items): Value => ({ kind: 'named', items })),
      weight: 1,
    },
    { arbitrary: entriesOf(tie('value')).map((entries): Value => ({ kind: 'map', entries })), weight: 3 },
  ),
}))

function entriesOf(of: fc.Arbitrary<Value>): fc.Arbitrary<Entry[]> {
  const entry = fc.record({ key, value: of, comment: fc.option(word, { freq: 3, nil: undefined }) })
  return fc.uniqueArray(entry, { minLength: 1, maxLength: 6, selector: ({ key: name }) => name })
}

export const document = entriesOf(value)

export const changes = fc.array(
  fc.record<Change>({
    what: fc.constantFrom<Change['what']>('set', 'set', 'set', 'add', 'add', 'remove', 'comment'),
    where: fc.nat(1000),
    which: fc.nat(1000),
    fresh: fc.nat(1000),
  }),
  { minLength: 1, maxLength: 4 },
)

/** The document after the changes. `who` tells new things of one side from those of the other. */
export function changed(entries: readonly Entry[], list: readonly Change[], who: string): Entry[] {
  const copy = structuredClone(entries) as Entry[]
  for (const change of list) apply(copy, change, who)
  return copy
}

function apply(root: Entry[], { what, where, which, fresh }: Change, who: string): void {
  const maps = mapsIn(root)
  const entries = maps[where % maps.length] as Entry[]
  const at = which % entries.length
  const entry = entries[at]
  const word_ = `${who}${fresh}`
  if (what === 'add') {
    const name = `${who}k${fresh}`
    if (entries.every((each) => each.key !== name)) {
      entries.splice(which % (entries.length + 1), 0, {
        key: name,
        value: { kind: 'scalar', text: word_ },
        comment: undefined,
      })
    }
  } else if (entry === undefined) return
  else if (what === 'comment') entry.comment = entry.comment === undefined ? word_ : `${entry.comment} ${word_}`
  else if (what === 'remove' && entries.length > 1) entries.splice(at, 1)
  else if (what === 'set') set(entry.value, fresh, word_)
}

function set(value: Value, which: number, word_: string): void {
  switch (value.kind) {
    case 'scalar':
      value.text = word_
      return
    case 'block':
      value.lines[which % value.lines.length] = word_
      return
    case 'list':
      if (which % 2 === 0) value.items.splice(which % (value.items.length + 1), 0, word_)
      else if (value.items.length > 1) value.items.splice(which % value.items.length, 1)
      return
    case 'named': {
      const item = value.items[which % value.items.length]
      if (which % 3 === 0) value.items.splice(which % (value.items.length + 1), 0, { name: `n${word_}`, value: word_ })
      else if (item !== undefined) item.value = word_
      return
    }
    case 'map':
      return
    default:
      value satisfies never
  }
}

function mapsIn(entries: Entry[]): Entry[][] {
  return [entries, ...entries.flatMap(({ value: each }) => (each.kind === 'map' ? mapsIn(each.entries) : []))]
}

export function printYaml(entries: readonly Entry[], indent = ''): string {
  return entries
    .map(({ key: name, value: each, comment }) => {
      const above = comment === undefined ? '' : `${indent}# ${comment}\n`
      return `${above}${indent}${name}:${printYamlValue(each, indent)}`
    })
    .join('')
}

function printYamlValue(value: Value, indent: string): string {
  const inner = `${indent}  `
  switch (value.kind) {
    case 'scalar':
      return ` ${value.text}\n`
    case 'block':
      return ` |\n${value.lines.map((line) => `${inner}${line}\n`).join('')}`
    case 'list':
      return `\n${value.items.map((item) => `${inner}- ${item}\n`).join('')}`
    case 'named':
      return `\n${value.items.map((item) => `${inner}- name: ${item.name}\n${inner}  v: ${item.value}\n`).join('')}`
    case 'map':
      return `\n${printYaml(value.entries, inner)}`
    default:
      return value satisfies never
  }
}

export function printJson(entries: readonly Entry[]): string {
  return `${JSON.stringify(plainOf(entries), null, 2)}\n`
}

function plainOf(entries: readonly Entry[]): Record<string, unknown> {
  return Object.fromEntries(entries.map(({ key: name, value: each }) => [name, plainValue(each)]))
}

function plainValue(value: Value): unknown {
  switch (value.kind) {
    case 'scalar':
      return value.text
    case 'block':
      return value.lines.join('\n')
    case 'list':
      return value.items
    case 'named':
      return value.items.map((item) => ({ name: item.name, v: item.value }))
    case 'map':
      return plainOf(value.entries)
    default:
      return value satisfies never
  }
}

/** Every value by its path, lists and blocks as one. */
export function leaves(entries: readonly Entry[], path = ''): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const { key: name, value: each } of entries) {
    const place = path === '' ? name : `${path}.${name}`
    if (each.kind === 'map') for (const [below, text] of leaves(each.entries, place)) found.set(below, text)
    else found.set(place, JSON.stringify(plainValue(each)))
  }
  return found
}
