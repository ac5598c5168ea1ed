import type { Envelope } from '../../core/envelope.ts'
import { normalTime } from '../../core/envelope-reader.ts'
import { keyIdOf } from '../../core/layout.ts'
import type { Selection } from '../../core/selection.ts'
import type { Document } from '../../core/tree.ts'
import { type ErrorCode, KmsfileError } from '../../errors.ts'
import { detectFormat } from '../../formats/detect.ts'
import { placeOf } from '../../formats/excerpt.ts'
import { ENVELOPE_KEY, type Format, FormatError, type Scanned } from '../../formats/format.ts'
import { decodeText } from '../../host/utf8.ts'
import { mentionsEncryption } from '../../operations/inspect.ts'
import { takeApart } from '../../operations/read-secrets.ts'
import { wholeValue } from '../../operations/restore.ts'
import { type Flaw, refuses, type Verdict } from './finding.ts'
import type { Demand } from './judge-demand.ts'
import { repeatedKey } from './judge-json.ts'
import { judgeLines } from './judge-lines.ts'
import { compiled, selectionsOf } from './judge-selectors.ts'
import { straysOf } from './judge-strays.ts'
import { formatByLook } from './judge-text.ts'
import { type ExposedValue, exposedValues, isEnvelope } from './judge-values.ts'

/**
 * Which rules verdicts are made by. Whoever changes what a judgement says of any content counts it up: remembered verdicts
 * of another number are not believed.
 */
export const JUDGE_VERSION = 3

/** Content beyond this is not looked at. */
export const MAX_JUDGED_BYTES = 64 * 1024 * 1024
/** Values that are named one by one; files may have many thousands. */
const MAX_NAMED = 100

/**
 * Judges a content: no key, no network, and nothing of it in what is said. Nothing is wrong with an empty file, nor with one
 * that nobody manages and that is not encrypted.
 */
export async function judgeContent(content: Uint8Array, demand: Demand): Promise<readonly Flaw[]> {
  const flaws = await judgeValues(content, demand)
  if (!demand.strays || refuses(flaws)) return flaws
  return [...flaws, ...(await straysOf(content, demand)).map(({ flaw }) => ({ ...flaw, severity: 'note' as const }))]
}

async function judgeValues(content: Uint8Array, demand: Demand): Promise<readonly Flaw[]> {
  if (!mentionsEncryption(content)) return demand.managed ? judgePlaintext(content, demand) : []
  let text: string
  try {
    text = decodeText(content)
  } catch (error) {
    return demand.managed ? [flawOf(error)] : []
  }
  const markers = conflictMarkers(text)
  if (markers !== undefined) return demand.managed || text.includes('lastmodified') ? [markers] : []
  // sops keeps what it does not understand as one value in a file of JSON, under any name.
  const name = demand.format ?? formatByLook(text)
  if (name === undefined) return judgeLines(text, await selectionsOf(demand.selectors))
  return judgeTree(detectFormat('', name), text, demand)
}

async function judgeTree(format: Format, text: string, demand: Demand): Promise<readonly Flaw[]> {
  try {
    const scanned = format.scan(text)
    const repeated = format.name === 'json' ? repeatedKey(scanned.documents) : undefined
    if (repeated !== undefined && demand.managed) {
      return [
        { ...refused('duplicate-key', 'a key is repeated'), ...lineAt(scanned, repeated.offset), keys: repeated.keys },
      ]
    }
    const { envelope } = takeApart(format, scanned)
    return await judgeEncrypted(format, { scanned, envelope }, demand)
  } catch (error) {
    if (!(error instanceof KmsfileError)) throw error
    // A text that merely speaks of encrypted values is nobody's business where nobody manages it.
    if (!demand.managed) return error.code === 'FILE_IN_CONFLICT' ? [flawOf(error)] : []
    return error.code === 'FILE_NOT_ENCRYPTED' ? judgeReadable(format, text, demand) : [flawOf(error)]
  }
}

async function judgeEncrypted(
  format: Format,
  { scanned, envelope }: { scanned: Scanned; envelope: Envelope },
  demand: Demand,
): Promise<readonly Flaw[]> {
  normalTime(envelope.lastModified)
  if (hasConflicts(scanned.documents)) return [refused('conflict-node', 'holds a merge that is not resolved')]
  if (!isEnvelope({ type: 'str', text: envelope.mac })) return [refused('unreadable', 'has no MAC')]

  const flaws: Flaw[] = []
  const ofKmsfile = keyIdOf(envelope.kmsfile) !== undefined
  if (demand.sealed && !ofKmsfile) flaws.push(refused('not-sealed', 'has no seal, and its rule asks for one'))
  const doubt = ofKmsfile ? format.ambiguity(scanned) : undefined
  if (doubt !== undefined) {
    flaws.push({
      ...refused('unreadable', `can be read in two ways: ${doubt.message}`),
      ...lineAt(scanned, doubt.offset),
    })
  }
  const own = await compiled(envelope.selector)
  const whole = wholeValue(scanned.documents)
  const isWhole = whole !== undefined && isEnvelope(whole)
  const selections = isWhole || !demand.managed ? [own] : [own, ...(await selectionsOf(demand.selectors))]
  return [...flaws, ...exposedFlaws(scanned, exposedValues(scanned.documents, selections), own)]
}

function exposedFlaws(scanned: Scanned, exposed: readonly ExposedValue[], own: Selection): readonly Flaw[] {
  return listed(exposed, ({ keys, offset, selection }) => ({
    ...refused('partly-encrypted', selection === own ? 'not encrypted' : 'not encrypted, though its rule asks for it'),
    ...lineAt(scanned, offset),
    keys,
  }))
}

/** A content without a single encrypted value. It may be all right: a rule need not have every value encrypted. */
async function judgePlaintext(content: Uint8Array, demand: Demand): Promise<readonly Flaw[]> {
  if (content.every(isBlank)) return []
  if (demand.format === undefined) return [refused('plaintext', 'not encrypted')]
  try {
    return await judgeReadable(detectFormat('', demand.format), decodeText(content), demand)
  } catch (error) {
    if (!(error instanceof KmsfileError)) throw error
    return [refused('plaintext', 'not encrypted')]
  }
}

async function judgeReadable(format: Format, text: string, demand: Demand): Promise<readonly Flaw[]> {
  try {
    const scanned = format.scan(text)
    const exposed = exposedValues(scanned.documents, await selectionsOf(demand.selectors), { hasMetadata: false })
    return listed(exposed, ({ keys, offset }) => ({
      ...refused('plaintext', 'not encrypted'),
      ...lineAt(scanned, offset),
      keys,
    }))
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    // What does not parse may hold anything.
    return [refused('plaintext', 'not encrypted')]
  }
}

/** The first of many, and how many more there are. */
function listed<T>(items: readonly T[], flawOfItem: (item: T) => Flaw): readonly Flaw[] {
  const flaws = items.slice(0, MAX_NAMED).map(flawOfItem)
  const [first] = flaws
  const more = items.length - MAX_NAMED
  if (first === undefined || more <= 0) return flaws
  return [...flaws, refused(first.verdict, `${more} more values are not encrypted`)]
}

/** Marks of git around two sides of a merge, each at the start of a line. */
function conflictMarkers(text: string): Flaw | undefined {
  // Looked for without a copy first: nearly no file has any.
  if (!text.includes('<<<<<<< ')) return undefined
  const lines = `\n${text}`
  const start = lines.indexOf('\n<<<<<<< ')
  if (start === -1 || lines.lastIndexOf('\n>>>>>>> ') < start) return undefined
  return { ...refused('conflict-markers', 'holds the marks of a merge'), line: placeOf(text, start).line }
}

/** A merge that could not decide keeps all sides in the metadata. */
function hasConflicts([first]: readonly Document[]): boolean {
  const root = first?.root
  if (root?.kind !== 'map') return false
  return root.items.some(
    (item) =>
      item.kind === 'entry' &&
      item.key === ENVELOPE_KEY &&
      item.value.kind === 'map' &&
      item.value.items.some((field) => field.kind === 'entry' && field.key === 'conflicts'),
  )
}

function flawOf(error: unknown): Flaw {
  if (!(error instanceof KmsfileError)) throw error
  const { code, message, line } = error
  const verdict = VERDICTS[code] ?? 'unreadable'
  return { ...refused(verdict, message), ...(line !== undefined && { line }) }
}

const VERDICTS: Readonly<Partial<Record<ErrorCode, Verdict>>> = {
  FORMAT_DUPLICATE_KEY: 'duplicate-key',
  FILE_PARTLY_ENCRYPTED: 'no-metadata',
  FILE_IN_CONFLICT: 'conflict-node',
}

function refused(verdict: Verdict, message: string): Flaw {
  return { verdict, severity: 'refuse', message }
}

/** A byte order mark moves nothing to another line. */
function lineAt({ text }: Scanned, offset: number): { readonly line: number } {
  return { line: placeOf(text, offset).line }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}
