import type { Document, MapNode } from '../core/tree.ts'
import { type Edit, ENVELOPE_KEY, FormatError, type Metadata, ROOT_KEY, type Scanned } from './format.ts'
import { metadataTree } from './metadata.ts'
import type { Doubt } from './yaml-doubt.ts'
import { emitYaml } from './yaml-emit.ts'
import { isRoundedBySops, type RareNodes, type YamlEntry, type YamlList, type YamlScanned } from './yaml-nodes.ts'
import { ALIAS_PREFIX } from './yaml-spell.ts'

/** Marks a key that is no string, `!__key 1:`, so that yaml.v3 reads it as one. */
const KEY_MARKER = '!__key'
const FLOW_ROOT = `{"${ROOT_KEY}": `

/**
 * Edits that make a plaintext loadable by sops: string keys only, a map as the root.
 *
 * @throws FormatError `FORMAT_UNSUPPORTED` for what cannot be dressed: a scalar as the root, a tag on a key that is no
 * string, names that are reserved.
 */
export function dressYaml(source: Scanned): Edit[] {
  const edits: Edit[] = []
  for (const { root } of source.documents) {
    if (root?.kind === 'list') edits.push(dressList(source, root as YamlList))
    else if (root !== undefined && root.kind !== 'map') throw unsupported(source, 'the root is no map', root.start)
  }
  for (const { keyIsString, keyDecorated, keySpan } of rareOf(source).keys) {
    if (keyIsString) continue
    if (keyDecorated) throw unsupported(source, 'a tag on a key that is no string', keySpan.start)
    edits.push({ ...insertAt(keySpan.start), text: `${KEY_MARKER} ` })
  }
  const reserved = /[&*]__alias_|!__(?:key|t)\b/.exec(source.text)
  if (reserved !== null) throw unsupported(source, 'a reserved name', reserved.index)
  return edits
}

function dressList(source: Scanned, list: YamlList): Edit {
  if (list.outerStart !== list.start) throw unsupported(source, 'a root list with properties', list.outerStart)
  if (list.flow) return { ...insertAt(list.start), text: FLOW_ROOT }
  const lineStart = source.text.lastIndexOf('\n', list.start - 1) + 1
  const indentation = source.text.slice(lineStart, list.start)
  if (indentation.trim() !== '') throw unsupported(source, 'a root list behind a marker', list.start)
  return { ...insertAt(lineStart), text: `${indentation}${ROOT_KEY}:${source.eol}` }
}

/** Takes back {@link dressYaml} and the copies that stand for aliases. */
export function undressYaml(encrypted: Scanned): Edit[] {
  const { text } = encrypted
  const edits: Edit[] = []
  for (const { root } of encrypted.documents) {
    if (root?.kind !== 'map') continue
    const first = entriesOf(root)[0]
    if (first?.key === ROOT_KEY) {
      const start = root.flow ? root.start : text.lastIndexOf('\n', first.keySpan.start - 1) + 1
      const next = text.indexOf('\n', first.keySpan.end)
      const end = root.flow ? first.value.start : next === -1 ? text.length : next + 1
      if (end > start) edits.push({ start, end, text: '' })
    }
  }
  const { anchored, keys } = rareOf(encrypted)
  for (const node of anchored) {
    if (node.anchor?.startsWith(ALIAS_PREFIX) !== true) continue
    const start = text.lastIndexOf('&', node.kind === 'leaf' ? node.valueStart : node.start)
    edits.push({ start, end: node.end, text: `*${node.anchor.slice(ALIAS_PREFIX.length)}` })
  }
  for (const { keySpan, keyDecorated } of keys) {
    const start = keySpan.start - KEY_MARKER.length - 1
    if (keyDecorated && text.startsWith(`${KEY_MARKER} `, start)) edits.push({ start, end: keySpan.start, text: '' })
  }
  return edits
}

/** Edits that put the metadata at the end of every document. */
export function addYamlEnvelope(source: Scanned, first: Metadata, others: Metadata): Edit[] {
  return source.documents.map((document, i) => addTo(source, document, i === 0 ? first : others))
}

function addTo(source: Scanned, document: Document, metadata: Metadata): Edit {
  const { root } = document
  if (root !== undefined && (root.kind === 'map' || root.kind === 'list') && root.flow) {
    const member = `"${ENVELOPE_KEY}": ${JSON.stringify(metadata)}`
    if (root.kind === 'list') return { ...insertAt(root.end), text: `, ${member}}` }
    const last = entriesOf(root).at(-1)
    return last === undefined
      ? { ...insertAt(root.start + 1), text: member }
      : { ...insertAt(last.value.end), text: `, ${member}` }
  }
  const column = root === undefined ? 0 : columnOf(source.text, root.start)
  const block = emitYaml([{ root: metadataTree({ [ENVELOPE_KEY]: metadata }), comments: [], start: 0, end: 0 }])
  const lines = block
    .slice(0, -1)
    .split('\n')
    .map((line) => (line === '' ? '' : ' '.repeat(column) + line))
  const { end } = document
  const open = end > 0 && source.text.charCodeAt(end - 1) !== 0x0a
  return { ...insertAt(end), text: `${open ? source.eol : ''}${lines.join(source.eol)}${source.eol}` }
}

/** Edits that cut the metadata out of every document. */
export function cutYamlEnvelope(encrypted: Scanned): Edit[] {
  return encrypted.documents.flatMap((document) => {
    const { root } = document
    if (root?.kind !== 'map') return []
    const index = root.items.findIndex((item) => item.kind === 'entry' && item.key === ENVELOPE_KEY)
    const entry = root.items[index]
    if (entry?.kind !== 'entry') return []
    return [root.flow ? cutMember(root, index) : cutLines(encrypted.text, document, index)]
  })
}

function cutMember(root: MapNode, index: number): Edit {
  const entry = root.items[index] as YamlEntry
  const entries = entriesOf(root)
  const at = entries.indexOf(entry)
  const before = entries[at - 1]
  const after = entries[at + 1]
  // Our own root list: the brace goes with its `{"__root__": `.
  const end = before?.key === ROOT_KEY && after === undefined ? root.end : entry.value.end
  if (before !== undefined) return { start: before.value.end, end, text: '' }
  return { start: entry.keySpan.start, end: after === undefined ? entry.value.end : after.keySpan.start, text: '' }
}

function cutLines(text: string, document: Document, index: number): Edit {
  const root = document.root as MapNode
  const entry = root.items[index] as YamlEntry
  const next = root.items[index + 1]
  const start = text.lastIndexOf('\n', entry.keySpan.start - 1) + 1
  if (next === undefined) return { start, end: document.end, text: '' }
  const nextStart = next.kind === 'entry' ? next.keySpan.start : next.start
  return { start, end: Math.max(start, text.lastIndexOf('\n', nextStart - 1) + 1), text: '' }
}

const READ_TWO_WAYS = /[\u0085\u2028\u2029\ufeff]|\r(?!\n)/
const ANCHOR = /^[0-9A-Za-z_-]+$/

/** What in an encrypted text yaml.v3 and other readers take differently. */
export function yamlAmbiguity(encrypted: Scanned): Doubt | undefined {
  const character = READ_TWO_WAYS.exec(encrypted.text)
  if (character !== null) {
    return { message: 'a character that some readers take for a line break', offset: character.index }
  }
  for (const { directives, start } of (encrypted as YamlScanned).documents) {
    const strange = directives.find((line) => !/^%YAML\s+1\.1\s*(#.*)?$|^%TAG\s/.test(line))
    if (strange !== undefined) return { message: 'a directive that some readers refuse', offset: start }
  }
  return ambiguousNode(rareOf(encrypted))
}

function ambiguousNode({ anchored, aliases, keys, texts, twoReadings }: RareNodes): Doubt | undefined {
  const anchor =
    anchored.find((node) => !ANCHOR.test(node.anchor ?? '')) ?? aliases.find((alias) => !ANCHOR.test(alias.name))
  if (anchor !== undefined) {
    return { message: 'an anchor whose name some readers end elsewhere', offset: anchor.start }
  }
  // sops prints it as a merge key, and Ruby takes it for one.
  const merge = keys.find((entry) => entry.key === '<<' && entry.merge !== true)
  if (merge !== undefined) return { message: 'a quoted merge key', offset: merge.keySpan.start }
  // sops prints it as a block scalar, which go-yaml does not always read back.
  const lines = keys.find(({ key }) => key.includes('\n'))
  if (lines !== undefined) return { message: 'a key of several lines', offset: lines.keySpan.start }
  const [text] = texts
  if (text === undefined) return twoReadings[0]
  const message = isRoundedBySops(text)
    ? 'a readable number that sops rounds'
    : 'a text of several lines that starts with a tab'
  return { message, offset: text.start }
}

function rareOf(scanned: Scanned): RareNodes {
  return (scanned as YamlScanned).rare
}

function entriesOf(map: MapNode): readonly YamlEntry[] {
  return map.items.filter((item): item is YamlEntry => item.kind === 'entry')
}

function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1)
}

function insertAt(offset: number): { start: number; end: number } {
  return { start: offset, end: offset }
}

function unsupported({ text }: Scanned, message: string, offset: number): FormatError {
  return new FormatError(message, text, { code: 'FORMAT_UNSUPPORTED', offset })
}
