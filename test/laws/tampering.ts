import type { Leaf, Node, Path } from '../../src/core/tree.ts'
import { KmsfileError } from '../../src/errors.ts'
import { type Edit, ENVELOPE_KEY } from '../../src/formats/format.ts'
import { splice } from '../../src/formats/splice.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { setYaml, unsetYaml } from '../../src/formats/yaml-edit.ts'

/** A text that somebody without the data key made of an encrypted one. */
export interface Tampered {
  readonly what: string
  readonly text: string
}

interface Found {
  /** With the index of the document in front. */
  readonly path: Path
  readonly node: Node
  /** Of an entry with its key. */
  readonly start: number
  readonly key: { readonly start: number; readonly end: number } | undefined
}

const TYPES = ['str', 'int', 'float', 'bool', 'time', 'comment', 'bytes']

/**
 * Every single change of structure, keys, types and values that can be made to an encrypted text without its key: rename,
 * move, retype, reorder, duplicate, delete, nest, add, across documents.
 */
export function tampered(text: string): readonly Tampered[] {
  const source = yaml.scan(text)
  const found: Found[] = []
  source.documents.forEach(({ root }, i) => {
    if (root !== undefined) collect(root, [i], { start: root.start, key: undefined })
  })
  const all: Tampered[] = []
  for (const each of found) {
    rename(each)
    if (each.node.kind === 'leaf') retype(each.node)
    nest(each)
    remove(each)
    add(each)
    duplicate(each)
  }
  for (const [i, one] of found.entries()) for (const other of found.slice(i + 1)) swap(one, other)
  divide()
  return all.filter((each) => each.text !== text)

  function collect(node: Node, path: Path, place: Pick<Found, 'start' | 'key'>): void {
    if (path.length > 1) found.push({ path, node, ...place })
    if (node.kind === 'map') {
      for (const item of node.items) {
        if (item.kind === 'comment' || (path.length === 1 && item.key === ENVELOPE_KEY)) continue
        collect(item.value, [...path, item.key], { start: item.keySpan.start, key: item.keySpan })
      }
    }
    if (node.kind === 'list') {
      const items = node.items.filter((item) => item.kind !== 'comment')
      for (const [i, item] of items.entries()) collect(item, [...path, i], { start: item.start, key: undefined })
    }
  }

  function change(what: string, ...edits: readonly Edit[]): void {
    all.push({ what, text: splice(source.text, edits) })
  }

  function textOf({ start, end }: { readonly start: number; readonly end: number }): string {
    return source.text.slice(start, end)
  }

  function rename({ key }: Found): void {
    if (key === undefined) return
    change('rename a key', { ...key, text: 'renamed' })
    change('rename a key to one that matches the selector', { ...key, text: 'renamed_unencrypted' })
    change('rename a key to one with a colon', { ...key, text: '"a:b"' })
    change('make a key a merge key', { ...key, text: '<<' })
  }

  function retype(leaf: Leaf): void {
    const own = textOf(leaf)
    for (const type of TYPES) change('retype a value', { ...leaf, text: own.replace(/type:\w+\]/, `type:${type}]`) })
    for (const other of ['null', '""', '{}', '[]', 'readable', 'true', '1', "'0'", '2001-01-01']) {
      change(`replace a value by ${other}`, { ...leaf, text: other })
    }
    change('cut a value', { ...leaf, text: own.replace(/data:..../, 'data:') })
    change('swap parts of a value', { ...leaf, text: own.replace(/iv:([^,]+),tag:([^,]+)/, 'iv:$2,tag:$1') })
  }

  function nest({ node, key }: Found): void {
    const own = textOf(node)
    if (node.kind !== 'leaf' || own.includes('\n')) return
    const quoted = /^["']/.test(own) ? own : own === '' ? '""' : `"${own}"`
    change('wrap a value into a list', { ...node, text: `[${quoted}]` })
    change('wrap a value into a map', { ...node, text: `{a: ${quoted}}` })
    change('wrap a value into a map with an empty key', { ...node, text: `{"": ${quoted}}` })
    if (key !== undefined)
      change(
        'put the value into a map of its own key',
        { ...key, text: `${textOf(key)}: {${textOf(key)}` },
        { ...insertAt(node.end), text: '}' },
      )
  }

  function remove({ path: [document, ...path] }: Found): void {
    const name = `remove ${typeof path.at(-1) === 'number' ? 'an item' : 'an entry'}`
    // `unset` knows the first document.
    if (document === 0) change(name, ...attempt(() => unsetYaml(source, path)))
  }

  function add({ path: [document, ...path], node }: Found): void {
    if (document !== 0 || (node.kind !== 'map' && node.kind !== 'list')) return
    const step = node.kind === 'map' ? 'added' : node.items.filter((item) => item.kind !== 'comment').length
    for (const value of [null, '', new Map(), [], 'readable', true, { number: '1' }] as const) {
      change('add a value', ...attempt(() => setYaml(source, [...path, step], value)))
    }
    change('replace a container by null', { start: node.start, end: node.end, text: node.flow ? 'null' : '\n null' })
    change('empty a container', { start: node.start, end: node.end, text: node.kind === 'map' ? '{}' : '[]' })
    change('turn a container', { start: node.start, end: node.end, text: node.kind === 'map' ? '[]' : '{}' })
  }

  function duplicate({ node, start, key, path }: Found): void {
    const own = source.text.slice(start, node.end)
    const column = start - (source.text.lastIndexOf('\n', start - 1) + 1)
    const margin = ' '.repeat(column)
    if (key === undefined) {
      change('repeat an item in brackets', { ...insertAt(node.end), text: `, ${own}` })
      change('repeat an item on a line', { ...insertAt(node.end), text: `\n${margin.slice(2)}- ${own}` })
    } else {
      change('repeat an entry in braces', { ...insertAt(node.end), text: `, ${own.replace(textOf(key), 'again')}` })
      change('repeat an entry on a line', {
        ...insertAt(node.end),
        text: `\n${margin}again${own.slice(textOf(key).length)}`,
      })
      change('repeat an entry with its key', { ...insertAt(node.end), text: `\n${margin}${own}` })
    }
    if (path.length === 2)
      change('copy into a document of its own', { ...insertAt(source.text.length), text: `---\n${own}\n` })
  }

  function swap(one: Found, other: Found): void {
    if (other.start < one.node.end) return
    const [first, second] = [textOf(one.node), textOf(other.node)]
    change('swap two values', { ...spanOf(one.node), text: second }, { ...spanOf(other.node), text: first })
    change('put one value in place of another', { ...spanOf(other.node), text: first })
    if (one.key === undefined || other.key === undefined) return
    change('swap two keys', { ...one.key, text: textOf(other.key) }, { ...other.key, text: textOf(one.key) })
    const [entry, next] = [one, other].map(({ start, node }) => source.text.slice(start, node.end))
    change(
      'swap two entries',
      { start: one.start, end: one.node.end, text: next ?? '' },
      { start: other.start, end: other.node.end, text: entry ?? '' },
    )
  }

  /** Documents made of one, and one made of several. */
  function divide(): void {
    for (const { path, start, key } of found) {
      if (path.length === 2 && key !== undefined) change('divide a document', { start, end: start, text: '---\n' })
    }
    for (const marker of source.text.matchAll(/^---\n/gm)) {
      change('join two documents', { start: marker.index, end: marker.index + 4, text: '' })
    }
    change('add an empty document', { ...insertAt(source.text.length), text: '---\n' })
    change('add a document of null', { ...insertAt(source.text.length), text: '---\nnull\n' })
    change('add a document of an empty map', { ...insertAt(source.text.length), text: '---\n{}\n' })
    change('put a document in front', { ...insertAt(0), text: '{}\n---\n' })
  }
}

/** Every change of the rules in the metadata. */
export function rulesTampered(text: string): readonly Tampered[] {
  const selector = /^( +)(?:un)?encrypted_(?:suffix|regex): .*$/m
  const rules = [
    'unencrypted_suffix: x',
    'encrypted_suffix: x',
    'unencrypted_regex: ^x',
    'encrypted_regex: .',
    'unencrypted_suffix: ""',
  ]
  const comment = ['unencrypted_comment_regex: x', 'encrypted_comment_regex: x']
  return [
    ...[...rules, ...comment].map((rule) => ({
      what: `the selector ${rule}`,
      text: text.replace(selector, `$1${rule}`),
    })),
    { what: 'no selector', text: text.replace(selector, '$1x: y') },
    { what: 'a second selector', text: text.replace(selector, '$&\n$1encrypted_regex: x') },
    { what: 'mac_only_encrypted', text: text.replace(selector, '$&\n$1mac_only_encrypted: true') },
    { what: 'another time', text: text.replace(/lastmodified: "20/g, 'lastmodified: "21') },
    { what: 'no MAC', text: text.replace(/^ +mac: .*\n/gm, '') },
  ].filter((each) => each.text !== text)
}

function attempt(edits: () => Edit[]): readonly Edit[] {
  try {
    return edits()
  } catch (error) {
    if (error instanceof KmsfileError) return []
    throw error
  }
}

function spanOf({ start, end }: Node): { readonly start: number; readonly end: number } {
  return { start, end }
}

function insertAt(offset: number): { readonly start: number; readonly end: number } {
  return { start: offset, end: offset }
}
