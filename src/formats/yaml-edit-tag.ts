import type { Edit, PlainValue } from './format.ts'
import { afterSpaces, beforeSpaces, startsLine } from './yaml-edit-lines.ts'
import { isContainer, type Place, type Property } from './yaml-edit-place.ts'
import { isList, isMap } from './yaml-edit-print.ts'
import type { YamlLeaf } from './yaml-nodes.ts'
import { resolveScalar } from './yaml-resolve.ts'

const CORE = /^(?:!!|!<tag:yaml\.org,2002:)/
/** Tags of YAML's own that say no more than that it is a map or a list. */
const COLLECTION = /^(?:!!|!<tag:yaml\.org,2002:)(?:map|seq)>?$/

/** The tag of a node, if its new value does not fit it. */
export function lostTag(text: string, place: Place, value: PlainValue): Property | undefined {
  const tag = place.properties.find(({ kind }) => kind === 'tag')
  return tag === undefined || fits(text.slice(tag.start, tag.end), place, value) ? undefined : tag
}

/** Cuts a tag with the white space in front of it, or behind it where it is the first on its line. */
export function cutTag(text: string, tag: Property, isLast: boolean): Edit {
  const before = beforeSpaces(text, tag.start)
  if (before < tag.start && !startsLine(text, tag.start)) return { start: before, end: tag.end, text: '' }
  return { start: tag.start, end: isLast ? tag.end : afterSpaces(text, tag.end), text: '' }
}

function fits(tag: string, { node }: Place, value: PlainValue): boolean {
  if (isContainer(node)) {
    const sameKind = node.kind === 'map' ? isMap(value) : isList(value)
    return sameKind && (COLLECTION.test(tag) || !CORE.test(tag))
  }
  if (isMap(value) || isList(value)) return false
  const { tag: own } = node as YamlLeaf
  if (typeof value === 'string') return own === '!!str' || own?.startsWith('!!') === false
  if (own === '!') return false
  const digits = value === null || typeof value === 'boolean' ? String(value) : value.number
  const untagged = resolveScalar(digits, { plain: true, tag: undefined })
  const tagged = resolveScalar(digits, { plain: true, tag: own })
  return tagged !== undefined && tagged.type === untagged?.type && tagged.text === untagged.text
}
