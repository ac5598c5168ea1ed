import type { Entry, MapNode, Span } from '../core/tree.ts'
import { type Edit, ENVELOPE_KEY, FormatError, type Metadata, ROOT_KEY, type Scanned } from './format.ts'
import { printJsonNode } from './json-emit.ts'
import {
  breaksLines,
  inside,
  itemCut,
  itemLayout,
  type Layout,
  lineBreak,
  rootLayout,
  rootOf,
  separator,
  spanOf,
} from './json-layout.ts'
import { quoteAsGo } from './json-string.ts'
import { metadataTree } from './metadata.ts'

/**
 * Puts `{"__root__": ` before a root that is no map. {@link addJsonEnvelope} closes what is opened here: were there two
 * insertions at the root's end, it would depend on the order in which a caller joins the edits what comes out.
 */
export function dressJson(source: Scanned): Edit[] {
  const root = rootOf(source)
  if (root.kind === 'map') return []
  const layout = rootLayout(source, root)
  const text = `{${lineBreak(inside(layout))}${quoteAsGo(ROOT_KEY)}${layout.colon}`
  return [{ start: root.start, end: root.start, text }]
}

/** Takes away what stands around the value of `__root__`, but for the metadata, which {@link cutJsonEnvelope} cuts. */
export function undressJson(encrypted: Scanned): Edit[] {
  const root = rootOf(encrypted)
  if (root.kind !== 'map') return []
  const envelope = envelopeSpan(encrypted.text, root)
  const [wrapped, ...others] = entriesOf(root).filter((entry) => entry.key !== ENVELOPE_KEY)
  if (wrapped?.key !== ROOT_KEY || others.length > 0) return []
  return [
    { start: root.start, end: wrapped.value.start },
    { start: wrapped.value.end, end: root.end },
  ]
    .flatMap((span) => (envelope === undefined ? [span] : subtract(span, envelope)))
    .map(({ start, end }) => ({ start, end, text: '' }))
}

/** Puts the metadata behind the last member, so that all that follows stays as it is. */
export function addJsonEnvelope(source: Scanned, metadata: Metadata): Edit[] {
  const root = rootOf(source)
  const outer = rootLayout(source, root)
  if (root.kind !== 'map') {
    const layout = inside(outer)
    const text = `${separator(layout)}${printEnvelope(metadata, layout)}${lineBreak(outer)}}`
    return [{ start: root.end, end: root.end, text }]
  }
  const last = root.items.at(-1)
  if (last === undefined) {
    const layout = inside(outer)
    const text = `${lineBreak(layout)}${printEnvelope(metadata, layout)}`
    return [{ start: root.start + 1, end: root.start + 1, text }]
  }
  const found = itemLayout(source, root, root.items.length - 1, outer)
  // A last member that shares its line with another one does not make a file of many lines one of a single line.
  const layout = found.indent === undefined && breaksLines(source.text, root) ? inside(outer) : found
  const { end } = spanOf(last)
  return [{ start: end, end, text: `${separator(layout)}${printEnvelope(metadata, layout)}` }]
}

/**
 * Cuts the metadata, wherever in the root it stands.
 *
 * @throws FormatError `FORMAT_DUPLICATE_KEY` if it is there more than once: readers differ in which one counts.
 */
export function cutJsonEnvelope(encrypted: Scanned): Edit[] {
  const root = rootOf(encrypted)
  const span = root.kind === 'map' ? envelopeSpan(encrypted.text, root) : undefined
  return span === undefined ? [] : [{ start: span.start, end: span.end, text: '' }]
}

function envelopeSpan(text: string, root: MapNode): Span | undefined {
  const entries = entriesOf(root)
  const index = entries.findIndex((entry) => entry.key === ENVELOPE_KEY)
  const entry = entries[index]
  if (entry === undefined) return undefined
  const second = entries.find((other, i) => i > index && other.key === ENVELOPE_KEY)
  if (second !== undefined) {
    throw new FormatError(`the key ${ENVELOPE_KEY} is there more than once`, text, {
      code: 'FORMAT_DUPLICATE_KEY',
      offset: second.keySpan.start,
      hint: 'take the file from the last good version: git log -p -- FILE',
    })
  }
  return itemCut(root, index)
}

function entriesOf(root: MapNode): readonly Entry[] {
  return root.items.filter((item) => item.kind === 'entry')
}

function printEnvelope(metadata: Metadata, layout: Layout): string {
  return `${quoteAsGo(ENVELOPE_KEY)}${layout.colon}${printJsonNode(metadataTree(metadata), layout)}`
}

/** What is left of a range without another one. */
function subtract(span: Span, hole: Span): Span[] {
  if (hole.end <= span.start || hole.start >= span.end) return [span]
  return [
    { start: span.start, end: hole.start },
    { start: hole.end, end: span.end },
  ].filter(({ start, end }) => start < end)
}
