import type { Entry, Leaf, Node, Span } from '../../src/core/tree.ts'
import { type Edit, ENVELOPE_KEY } from '../../src/formats/format.ts'
import { yaml } from '../../src/formats/yaml.ts'

const TAGS = [
  '!!str',
  '!',
  '!x',
  '!!binary',
  '!!int',
  '!!float',
  '!!bool',
  '!!null',
  '!!timestamp',
  '!!merge',
  '!__t',
  '!__key',
  '!<x>',
]
const ANCHORS = ['&z', '&__alias_z', '&a:b']
const COLLECTION_TAGS = ['!!set', '!!omap', '!!pairs', '!!map', '!!seq', '!x', ...ANCHORS]
const DIRECTIVES = [
  ...[
    '%YAML 1.1',
    '%YAML 1.2',
    '%YAML 1.3',
    '%TAG !! tag:x,2000:',
    '%TAG ! tag:yaml.org,2002:',
    '%TAG !x tag:yaml.org,2002:str',
    '%FOO bar',
  ],
]

/** Every change of how an encrypted text spells what it says, some of which change what it says to other readers. */
export function respellings(text: string): readonly Edit[] {
  const source = yaml.scan(text)
  const edits: Edit[] = []
  for (const { root } of source.documents) if (root !== undefined) visit(root, true)
  for (const end of source.text.matchAll(/$/gm)) {
    for (const blank of [' # x', '\t# x', ' #x: y', '\n# x', '\n  # x', '  ', '\n', '\n\n', '\t'])
      insert(end.index, blank)
  }
  for (const directive of DIRECTIVES) insert(0, `${directive}\n---\n`)
  for (const start of ['---\n', '--- # x\n', '\ufeff', '\n', '# x\n']) insert(0, start)
  for (const end of ['...\n', '# x\n', '--- \n', '\n\n']) insert(source.text.length, end)
  for (const line of source.text.matchAll(/^ +kmsfile: .*\n/gm)) edits.push({ ...spanOf(line), text: '' })
  return edits.filter((edit) => source.text.slice(edit.start, edit.end) !== edit.text)

  function insert(offset: number, addition: string): void {
    edits.push({ start: offset, end: offset, text: addition })
  }

  function visit(node: Node, isRoot: boolean): void {
    if (node.kind === 'leaf') leaf(node)
    else if (node.kind === 'map') {
      for (const item of node.items) {
        if (item.kind === 'comment' || (isRoot && item.key === ENVELOPE_KEY)) continue
        key(item)
        visit(item.value, false)
      }
    } else if (node.kind === 'list') {
      for (const item of node.items) if (item.kind !== 'comment') visit(item, false)
    }
  }

  function leaf(node: Leaf): void {
    const own = source.text.slice(node.start, node.end)
    for (const spelled of spellingsOf(node)) edits.push({ start: node.start, end: node.end, text: spelled })
    for (const property of [...TAGS, ...ANCHORS]) {
      insert(node.start, `${property} `)
      edits.push({ start: node.start, end: node.end, text: `${property} ${JSON.stringify(node.text)}` })
      if (!own.includes('\n')) edits.push({ start: node.start, end: node.end, text: `${property} ${node.text}` })
    }
  }

  function key(entry: Entry): void {
    const { start, end } = entry.keySpan
    const own = source.text.slice(start, end)
    const name = entry.key
    for (const spelled of [name, JSON.stringify(name), `'${name.replaceAll("'", "''")}'`, `${own} `, `? ${own}\n`]) {
      edits.push({ start, end, text: spelled })
    }
    for (const property of [...TAGS, ...ANCHORS]) {
      insert(start, `${property} `)
      edits.push(
        { start, end, text: `${property} ${name}` },
        { start, end, text: `${property} ${JSON.stringify(name)}` },
      )
    }
    const { value } = entry
    if (value.kind !== 'map' && value.kind !== 'list') return
    const colon = source.text.indexOf(':', end)
    for (const property of COLLECTION_TAGS)
      insert(value.flow ? value.start : colon + 1, value.flow ? `${property} ` : ` ${property}`)
  }
}

function spellingsOf({ type, text }: Leaf): readonly string[] {
  const quoted = [JSON.stringify(text), `'${text.replaceAll("'", "''")}'`]
  const plain = /^[^\n]*$/.test(text) ? [text] : []
  const lines = ['|-', '>-', '|', '|+'].map(
    (header) => `${header}\n            ${text.replaceAll('\n', '\n            ')}`,
  )
  switch (type) {
    case 'str':
      return [...plain, ...quoted, ...lines]
    case 'null':
      return ['', '~', 'null', 'Null', 'NULL']
    case 'bool':
      return text === 'True' ? ['true', 'True', 'TRUE', 'yes', 'on'] : ['false', 'False', 'no', 'off', 'n']
    case 'int':
      return [
        text,
        `+${text}`,
        `0${text}`,
        `0o${text}`,
        `0x${BigInt.asUintN(63, BigInt(text)).toString(16)}`,
        `${text}.0`,
        `${text}e0`,
        `${text}_`,
        `${text}:00`,
      ]
    case 'float':
      return [text, `+${text}`, `${text}0`, `${text}e0`, `0${text}`, `${Number(text)}`, '.inf', '.NaN']
    case 'time':
      return [text, text.slice(0, 10), text.replace('T', ' '), `${text.slice(0, 10)} 00:00:00`, `"${text}"`]
    default:
      return type satisfies never
  }
}

function spanOf(match: RegExpMatchArray): Span {
  const start = match.index ?? 0
  return { start, end: start + match[0].length }
}
