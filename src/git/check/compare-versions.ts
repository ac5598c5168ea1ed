import type { Envelope } from '../../core/envelope.ts'
import { keyIdOf } from '../../core/layout.ts'
import { compileSelector } from '../../core/selection.ts'
import type { Document } from '../../core/tree.ts'
import { KmsfileError } from '../../errors.ts'
import { detectFormat } from '../../formats/detect.ts'
import { placeOf } from '../../formats/excerpt.ts'
import { ciphertextView } from '../../operations/ciphertext-view.ts'
import { countReused, type Nonces, noncesOf } from '../../operations/envelope-nonces.ts'
import { takeApart } from '../../operations/read-secrets.ts'
import { areSame, compareRecipients } from '../../operations/recipients.ts'
import { recipientsMessage } from './compare-recipients.ts'
import type { Flaw } from './finding.ts'
import { contentFormat, textOf } from './judge-text.ts'
import { exposedValues } from './judge-values.ts'

/** One version of an encrypted file, as far as it is compared with others. */
export interface FileVersion {
  readonly text: string
  readonly documents: readonly Document[]
  readonly envelope: Envelope
  /** See `ciphertextView`. */
  readonly view: string
  readonly nonces: Nonces
}

/** A version as it stands in git; undefined for what is not encrypted, or cannot be read. */
export async function versionOf(content: Uint8Array | undefined, path: string): Promise<FileVersion | undefined> {
  const text = content === undefined ? undefined : textOf(content)
  const format = text === undefined ? undefined : contentFormat(text, path)
  if (text === undefined || format === undefined) return undefined
  try {
    const scanned = detectFormat('', format).scan(text)
    const { envelope } = takeApart(detectFormat('', format), scanned)
    const { documents } = scanned
    const view = await ciphertextView(documents, envelope)
    return { text: scanned.text, documents, envelope, view, nonces: noncesOf(documents, envelope) }
  } catch (error) {
    if (error instanceof KmsfileError) return undefined
    throw error
  }
}

/** Whether two versions are under one data key, as far as that shows without a key. */
function sameDataKey(a: FileVersion, b: FileVersion): boolean {
  const [idOfA, idOfB] = [keyIdOf(a.envelope.kmsfile), keyIdOf(b.envelope.kmsfile)]
  if (idOfA !== undefined && idOfB !== undefined) return idOfA === idOfB
  // sops wraps a data key anew only for recipients that are new; the same MAC opens under one key alone.
  const wrapped = new Set(a.envelope.groups.flat().map((key) => key.wrapped))
  return b.envelope.groups.flat().some((key) => wrapped.has(key.wrapped)) || a.envelope.mac === b.envelope.mac
}

/**
 * What no honest tool does to a file from one version to the next: it is found between any two versions of which one comes
 * from the other.
 */
export function attacksBetween(before: FileVersion, after: FileVersion): readonly Flaw[] {
  const flaws: Flaw[] = []
  if (before.envelope.mac === after.envelope.mac && before.view !== after.view) {
    flaws.push(refused('structure-changed', 'keys, readable values or rules changed under an unchanged MAC'))
  }
  const reused = sameDataKey(before, after) ? countReused([after.nonces, before.nonces]) : countReused([after.nonces])
  if (reused > 0) flaws.push(nonceReused(reused))
  return flaws
}

/** What is wrong with the nonces of one version by itself. */
export function reusedWithin({ nonces }: FileVersion): readonly Flaw[] {
  const reused = countReused([nonces])
  return reused === 0 ? [] : [nonceReused(reused)]
}

/** A MAC that the file had before and then no more: `earlier` versions, without the one that `after` comes from. */
export function replays(
  after: FileVersion,
  before: FileVersion | undefined,
  earlier: readonly FileVersion[],
): readonly Flaw[] {
  if (before !== undefined && before.envelope.mac === after.envelope.mac) return []
  const same = earlier.filter(({ envelope }) => envelope.mac === after.envelope.mac)
  if (same.length > 0) {
    return same.some(({ view }) => view === after.view)
      ? [noted('rolled-back', 'is an earlier version again')]
      : [refused('mac-replayed', 'has the MAC of an earlier version, and is not that version')]
  }
  return []
}

/** What is legitimate from one version to the next, and must be named all the same; and a selector that reveals. */
export async function changesBetween(
  before: FileVersion,
  after: FileVersion,
  names: ReadonlyMap<string, string>,
): Promise<readonly Flaw[]> {
  const flaws: Flaw[] = []
  if (Date.parse(after.envelope.lastModified) < Date.parse(before.envelope.lastModified)) {
    flaws.push(noted('rolled-back', 'says that it is older than the version before'))
  }
  if (!sameDataKey(before, after)) flaws.push(noted('data-key-changed', 'is under another data key'))
  const changes = compareRecipients(recipientsOf(before), recipientsOf(after))
  if (!areSame(changes)) flaws.push(noted('recipients-changed', recipientsMessage(changes, names)))
  return [...flaws, ...(await selectorChanges(before, after))]
}

async function selectorChanges(before: FileVersion, after: FileVersion): Promise<readonly Flaw[]> {
  const [old, own] = [before.envelope, after.envelope]
  const bindsLess = own.macOnlyEncrypted && !old.macOnlyEncrypted
  if (old.selector.kind === own.selector.kind && old.selector.text === own.selector.text) {
    return bindsLess ? [noted('selector-changed', 'its MAC binds encrypted values alone from now on')] : []
  }
  const selection = await compileSelector(old.selector)
  const revealed = exposedValues(after.documents, [selection])
  const [first] = revealed
  if (first === undefined) return [noted('selector-changed', 'has another selector')]
  const more = revealed.length > 1 ? `, and ${revealed.length - 1} more` : ''
  return [
    {
      ...refused('selector-changed', `readable, since the selector changed${more}`),
      line: placeOf(after.text, first.offset).line,
      keys: first.keys,
    },
  ]
}

function recipientsOf({ envelope: { groups, threshold } }: FileVersion) {
  return { groups: groups.map((group) => group.map(({ masterKey }) => masterKey)), threshold }
}

function nonceReused(count: number): Flaw {
  const what = count === 1 ? 'a nonce encrypts' : `${count} nonces encrypt`
  return refused('nonce-reused', `${what} more than one text; its data key can be found out about`)
}

function refused(verdict: Flaw['verdict'], message: string): Flaw {
  return { verdict, severity: 'refuse', message }
}

function noted(verdict: Flaw['verdict'], message: string): Flaw {
  return { verdict, severity: 'note', message }
}
