import { isDeepStrictEqual } from 'node:util'
import { sameBytes } from '../core/bytes.ts'
import type { DataKey } from '../core/data-key.ts'
import { parseEncryptedValue } from '../core/encrypted-value.ts'
import { keyId, keyIdOf } from '../core/layout.ts'
import type { ThreeWay } from '../core/merge-sequences.ts'
import { KmsfileError } from '../errors.ts'
import { isMacReused } from './file-history.ts'
import { inspectText } from './inspect.ts'
import { openSecrets, parseEncrypted } from './read-secrets.ts'
import { about, type OpenedSource, openSource, plaintextOfSource, type SourceFile } from './secrets-file.ts'
import type { Workspace } from './workspace.ts'

/** Three versions of a file as git has them. A base without text is that of a file that both sides made. */
export interface MergeSources {
  /** The file, as people name it and as the rules see it; its text counts for nothing. */
  readonly file: Omit<SourceFile, 'text'>
  readonly texts: ThreeWay<string>
  /** What git calls the versions. */
  readonly labels: ThreeWay<string>
}

/** A version, opened and verified. */
export interface Version {
  readonly plaintext: string
  /** Undefined for a base that was not encrypted, or is missing. */
  readonly opened: OpenedSource | undefined
}

export interface Versions extends ThreeWay<Version> {
  readonly ours: Version & { readonly opened: OpenedSource }
  readonly theirs: Version & { readonly opened: OpenedSource }
}

/**
 * Opens and verifies all versions. What does not verify is never merged: the result would be sealed as it was found.
 *
 * @throws KmsfileError those of `openSource`, saying which version; `INTEGRITY_REPLAY`; `FILE_NOT_ENCRYPTED` for a side in
 * plaintext
 */
export async function openVersions(workspace: Workspace, sources: MergeSources): Promise<Versions> {
  const known: DataKey[] = []
  const ours = await openSide(workspace, sources, { side: 'ours', known })
  const theirs = await openSide(workspace, sources, { side: 'theirs', known })
  const base = await openBase(workspace, sources, known)
  for (const side of [ours, theirs]) refuseReplayed(base, side, sources)
  await refuseReused(workspace, theirs)
  return { base, ours, theirs }
}

/** Whether two versions are under the same data key. */
export function sameDataKey(a: OpenedSource, b: OpenedSource): boolean {
  return sameBytes(a.file.dataKey, b.file.dataKey)
}

interface OpenCall {
  readonly side: keyof ThreeWay<unknown>
  /** Data keys of the versions that are open already. */
  readonly known: DataKey[]
}

async function openSide(workspace: Workspace, sources: MergeSources, call: OpenCall) {
  const { side, known } = call
  return naming(sources, side, async () => {
    const source = { ...sources.file, text: sources.texts[side] }
    const opened = await openWith(workspace, source, { known, allowUnsealed: side === 'base' })
    known.push(opened.file.dataKey)
    return { opened, plaintext: await plaintextOfSource(workspace, opened) }
  })
}

async function openBase(workspace: Workspace, sources: MergeSources, known: DataKey[]): Promise<Version> {
  const { file, texts } = sources
  const { state } = await inspectText(file.format, texts.base)
  // Before it was encrypted, git's history was all that spoke for it.
  if (state === 'empty' || state === 'plaintext') return { plaintext: texts.base, opened: undefined }
  return openSide(workspace, sources, { side: 'base', known })
}

/** A data key that is known is tried before any key service is asked. */
async function openWith(
  workspace: Workspace,
  source: SourceFile,
  { known, allowUnsealed }: { readonly known: readonly DataKey[]; readonly allowUnsealed: boolean },
): Promise<OpenedSource> {
  const encrypted = parseEncrypted(source.format, source.text)
  const id = keyIdOf(encrypted.envelope.kmsfile)
  const dataKey = known.find((key) => keyId(key) === id)
  if (dataKey === undefined) return openSource(workspace, source, { allowUnsealed })
  const rule = await workspace.config.ruleIfAny(source.path)
  const file = await openSecrets(encrypted, dataKey, {
    ruleSelector: async () => rule?.selector,
    requireSeal: async () => !allowUnsealed && rule?.integrity === 'sealed',
  })
  return { source, file, rule }
}

/**
 * A version by sops that is older than the sealed one it comes from is none: somebody put an old MAC back, under which
 * nothing but values is bound.
 */
function refuseReplayed(base: Version, side: Versions['ours'], { file }: MergeSources): void {
  const [before, after] = [base.opened?.file, side.opened.file]
  if (before?.integrity !== 'sealed' || after.integrity !== 'sops') return
  if (!sameBytes(before.dataKey, after.dataKey)) return
  if (Date.parse(after.envelope.lastModified) > Date.parse(before.envelope.lastModified)) return
  throw replayed(file.name)
}

/**
 * A MAC by sops binds values alone. So one that our history has already, with another structure or other readable values around
 * it, was put there by somebody who cannot make one.
 */
async function refuseReused(workspace: Workspace, { opened }: Versions['theirs']): Promise<void> {
  const { source, file } = opened
  if (file.integrity !== 'sops') return
  if (await isMacReused(workspace, opened)) throw replayed(source.name)
}

function replayed(file: string): KmsfileError {
  return new KmsfileError('sops wrote this version before another that it claims to follow; somebody put it back', {
    code: 'INTEGRITY_REPLAY',
    file,
    hint: 'take the last good version, and change that: git log -p -- FILE',
  })
}

/** Whether two different values in the versions, under one data key, have the same nonce: then others can be forged. */
export function repeatsNonce(versions: readonly (OpenedSource | undefined)[]): boolean {
  const seen = new Map<string, string>()
  for (const opened of versions) {
    if (opened === undefined) continue
    const { values, comments, envelope } = opened.file
    for (const text of [envelope.mac, ...[...values, ...comments].map((value) => value.envelope)]) {
      const nonce = parseEncryptedValue(text)?.nonce ?? text
      if ((seen.get(nonce) ?? text) !== text) return true
      seen.set(nonce, text)
    }
  }
  return false
}

/** What a setting is to be that both sides may have changed; undefined where both did, and not alike. */
export function mergeSetting<T>({ base, ours, theirs }: ThreeWay<T>): T | undefined {
  if (isDeepStrictEqual(ours, theirs) || isDeepStrictEqual(base, theirs)) return ours
  return isDeepStrictEqual(base, ours) ? theirs : undefined
}

/** Says of an error which version it is about, as people see them. */
async function naming<T>(sources: MergeSources, side: keyof ThreeWay<unknown>, action: () => Promise<T>): Promise<T> {
  const { file, labels } = sources
  return about(file.name, async () => {
    try {
      return await action()
    } catch (error) {
      if (!(error instanceof KmsfileError) || error.code === 'INTERRUPTED') throw error
      const who = side === labels[side] ? side : `${side}, ${labels[side]}`
      throw Object.create(error, { message: { value: `${error.message} (${who})`, enumerable: true } })
    }
  })
}
