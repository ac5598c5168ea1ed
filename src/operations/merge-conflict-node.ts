import type { Envelope } from '../core/envelope.ts'
import { envelopeData } from '../core/envelope.ts'
import { keyIdOf, printLayout } from '../core/layout.ts'
import type { ThreeWay } from '../core/merge-sequences.ts'
import type { Entry, MapNode, Node } from '../core/tree.ts'
import { ENVELOPE_KEY, type Format, type Metadata, type Scanned } from '../formats/format.ts'
import { splice } from '../formats/splice.ts'

/** No reader takes this for a time, so none opens the file, whatever it does about MACs. */
export const UNRESOLVED = 'unresolved: run kmsfile git resolve'
/** Stands for the MAC of a file that nobody with a key has seen as it is. */
export const PENDING_MAC = 'pending-mac'

/** A place that both sides changed, as a file in conflict has it. */
export interface NotedConflict {
  /** As `printPath` prints it. */
  readonly path: string
  /** Index of the document. */
  readonly document: number
  readonly versions: ThreeWay<NotedVersion | undefined>
}

/** One version of what is in conflict. Undefined in its place: it is not there, or was not encrypted. */
export interface NotedVersion {
  readonly envelope: string
  /** A scalar; else what the format prints for a map, a list or nothing. */
  readonly isScalar: boolean
}

export interface ConflictNote {
  readonly conflicts: readonly NotedConflict[]
  readonly labels: Pick<ThreeWay<string>, 'ours' | 'theirs'>
}

/**
 * Makes a file of an encrypted text that says that it is not resolved: to us, to sops, and to whoever looks at it. It has no
 * MAC; nothing in it is believed by anybody, it is there to be seen.
 */
export function printUnresolved(
  format: Format,
  body: string,
  { envelope, note }: { readonly envelope: Envelope; readonly note: ConflictNote },
): string {
  const source = format.scan(body)
  const id = keyIdOf(envelope.kmsfile)
  const metadata = envelopeData({
    ...envelope,
    lastModified: UNRESOLVED,
    mac: PENDING_MAC,
    kmsfile: id === undefined ? undefined : printLayout(id, ''),
  })
  const conflicts = note.conflicts.map((conflict) => conflictData(conflict, note.labels))
  const first = sorted({ ...metadata, ...(conflicts.length > 0 && { conflicts }) })
  const { kmsfile: _, ...others } = metadata
  const text = splice(source.text, format.addEnvelope(source, first, others))
  return source.bom && format.keepsBom ? `\ufeff${text}` : text
}

/** An encrypted text without its metadata. */
export function withoutEnvelope(format: Format, scanned: Scanned): string {
  return splice(scanned.text, format.cutEnvelope(scanned))
}

/** What a file in conflict says about itself. Anybody may have written it. */
export function readConflictNote({ documents }: Pick<Scanned, 'documents'>): ConflictNote {
  const list = child(child(documents[0]?.root, ENVELOPE_KEY), 'conflicts')
  const entries = list?.kind === 'list' ? list.items.filter((item) => item.kind === 'map') : []
  const [first] = entries
  const label = (side: 'ours' | 'theirs') => textOf(child(child(first, 'labels'), side)) ?? side
  return { conflicts: entries.map(readConflict), labels: { ours: label('ours'), theirs: label('theirs') } }
}

const SIDES = ['base', 'ours', 'theirs'] as const

function conflictData({ path, document, versions }: NotedConflict, labels: ConflictNote['labels']): Metadata {
  const fields: Record<string, Metadata> = { path, labels: { ours: labels.ours, theirs: labels.theirs } }
  if (document > 0) fields['document'] = document + 1
  for (const side of SIDES) {
    const version = versions[side]
    if (version !== undefined) fields[version.isScalar ? side : `${side}_tree`] = version.envelope
  }
  return sorted(fields)
}

function readConflict(node: MapNode): NotedConflict {
  const versionOf = (side: string): NotedVersion | undefined => {
    const [scalar, tree] = [textOf(child(node, side)), textOf(child(node, `${side}_tree`))]
    if (scalar !== undefined) return { envelope: scalar, isScalar: true }
    return tree === undefined ? undefined : { envelope: tree, isScalar: false }
  }
  return {
    path: textOf(child(node, 'path')) ?? '',
    document: Number(textOf(child(node, 'document')) ?? 1) - 1,
    versions: { base: versionOf('base'), ours: versionOf('ours'), theirs: versionOf('theirs') },
  }
}

function child(node: Node | undefined, key: string): Node | undefined {
  if (node?.kind !== 'map') return undefined
  return node.items.find((item): item is Entry => item.kind === 'entry' && item.key === key)?.value
}

function textOf(node: Node | undefined): string | undefined {
  return node?.kind === 'leaf' ? node.text : undefined
}

function sorted(map: Readonly<Record<string, Metadata>>): Record<string, Metadata> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))
}
