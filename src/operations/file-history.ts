import { cipherKey, decryptValue } from '../core/cipher.ts'
import type { DataKey } from '../core/data-key.ts'
import { parseEncryptedValue } from '../core/encrypted-value.ts'
import { normalTime } from '../core/envelope-reader.ts'
import { keyId, keyIdOf } from '../core/layout.ts'
import { hasMark } from '../core/seal.ts'
import { KmsfileError } from '../errors.ts'
import { ciphertextView } from './ciphertext-view.ts'
import { type EncryptedFile, parseEncrypted } from './read-secrets.ts'
import { type OpenedSource, openSource, type SourceFile } from './secrets-file.ts'
import type { Workspace } from './workspace.ts'

/** How far back a version that verifies is looked for. */
const MAX_VERSIONS = 50

/**
 * The versions of a file in the history of HEAD, the newest first, each text once; none outside of a repository.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
async function* versionsOf(workspace: Workspace, { path }: Pick<SourceFile, 'path'>): AsyncGenerator<string> {
  const repository = await workspace.repository(path)
  const name = await repository?.pathOf(path)
  if (repository === undefined || name === undefined || name.includes('\n')) return
  // 1: nothing is committed yet.
  const { exitCode } = await repository.git(['rev-parse', '--verify', '--quiet', 'HEAD'], { exitCodes: [0, 1] })
  if (exitCode !== 0) return
  // --full-history: a version that was merged away was there all the same.
  const args = ['--literal-pathspecs', 'log', '--full-history', '--format=%H', 'HEAD', '--', name]
  const commits = Buffer.from((await repository.git(args)).stdout)
    .toString('latin1')
    .split('\n')
    .filter((id) => id !== '')
  const seen = new Set<string>()
  if (commits.length === 0) return
  for await (const object of repository.catFiles(commits.map((id) => `${id}:${name}`))) {
    if (object?.type !== 'blob' || object.content === undefined || seen.has(object.id)) continue
    seen.add(object.id)
    yield Buffer.from(object.content).toString('utf8')
  }
}

/**
 * The newest version in the history of HEAD that verifies and that `wanted` takes; undefined where there is none, or
 * where the data key of one that is newer cannot be unwrapped.
 */
export async function lastVerified(
  workspace: Workspace,
  source: SourceFile,
  wanted: (opened: OpenedSource) => boolean | Promise<boolean> = () => true,
): Promise<OpenedSource | undefined> {
  let looked = 0
  const search = async () => {
    for await (const text of versionsOf(workspace, source)) {
      if (++looked > MAX_VERSIONS) return undefined
      try {
        const opened = await openSource(workspace, { ...source, text }, { allowUnsealed: true })
        if (await wanted(opened)) return opened
      } catch (error) {
        if (!(error instanceof KmsfileError) || error.code === 'INTERRUPTED') throw error
        if (error.code === 'KEY_UNAVAILABLE') return undefined
      }
    }
    return undefined
  }
  return withoutGit(search, () => undefined)
}

/**
 * Refuses a file whose MAC sops once wrote, and that somebody put back after kmsfile had sealed the file under the same
 * data key: then what was sealed since would be undone unnoticed. Only where history is at hand.
 *
 * @throws KmsfileError `INTEGRITY_REPLAY`
 */
export async function refuseReplay(workspace: Workspace, { source, file }: OpenedSource): Promise<void> {
  if (file.integrity !== 'sops') return
  const own = Date.parse(file.envelope.lastModified)
  const search = async () => {
    for await (const text of versionsOf(workspace, source)) {
      const sealed = sealedAt(source, text, file.dataKey)
      if (sealed !== undefined && sealed >= own) return true
    }
    return false
  }
  const isReplayed = await withoutGit(search, (error) => {
    workspace.warn(`whether somebody put back an old version was not looked at: ${error.message}`, {
      file: source.name,
    })
    return false
  })
  if (!isReplayed) return
  throw new KmsfileError('sops wrote this version before kmsfile sealed a later one; somebody put it back', {
    code: 'INTEGRITY_REPLAY',
    file: source.name,
    hint: 'take the last good version, and change that: git log -p -- FILE',
  })
}

/** Whether the last commit has the file encrypted under another data key. */
export async function isUnderNewDataKey(workspace: Workspace, { source, file }: OpenedSource): Promise<boolean> {
  const search = async () => {
    for await (const text of versionsOf(workspace, source)) {
      const committed = tryParse(source, text)
      if (committed === undefined) return false
      const id = keyIdOf(committed.envelope.kmsfile)
      // Without an id, what shows whose it is, is whether it opens.
      return id === undefined ? macNonceOf(committed, file.dataKey) === undefined : id !== keyId(file.dataKey)
    }
    return false
  }
  return withoutGit(search, () => false)
}

/**
 * Whether a version in the history of HEAD has the same MAC with another structure or other readable values. Nobody writes
 * that: whoever has the data key makes another MAC.
 */
export async function isMacReused(workspace: Workspace, { source, file }: OpenedSource): Promise<boolean> {
  const { mac } = file.envelope
  let own: string | undefined
  const search = async () => {
    for await (const text of versionsOf(workspace, source)) {
      const other = text === source.text || !text.includes(mac) ? undefined : tryParse(source, text)
      if (other?.envelope.mac !== mac) continue
      own ??= await ciphertextView(file.scanned.documents, file.envelope)
      if (own !== (await ciphertextView(other.scanned.documents, other.envelope))) return true
    }
    return false
  }
  return withoutGit(search, () => false)
}

/** The nonce of a file's MAC; undefined where its envelope does not open. */
export function macNonceOf({ envelope }: Pick<EncryptedFile, 'envelope'>, dataKey: DataKey): Uint8Array | undefined {
  const value = parseEncryptedValue(envelope.mac)
  if (value === undefined) return undefined
  try {
    decryptValue(cipherKey(dataKey), value, normalTime(envelope.lastModified))
    return new Uint8Array(Buffer.from(value.nonce, 'base64'))
  } catch (error) {
    if (error instanceof KmsfileError) return undefined
    throw error
  }
}

/** A machine without git, or where git does not trust the repository, has no history. */
async function withoutGit<T>(search: () => Promise<T>, otherwise: (error: KmsfileError) => T): Promise<T> {
  try {
    return await search()
  } catch (error) {
    if (error instanceof KmsfileError && error.code === 'GIT_FAILED') return otherwise(error)
    throw error
  }
}

/** When kmsfile sealed a version under this data key; undefined if it did not. */
function sealedAt(source: SourceFile, text: string, dataKey: DataKey): number | undefined {
  const file = tryParse(source, text)
  const nonce = file === undefined ? undefined : macNonceOf(file, dataKey)
  if (file === undefined || nonce === undefined || !hasMark(dataKey, nonce)) return undefined
  return Date.parse(file.envelope.lastModified)
}

function tryParse({ format }: SourceFile, text: string): EncryptedFile | undefined {
  try {
    return parseEncrypted(format, text)
  } catch (error) {
    if (error instanceof KmsfileError) return undefined
    throw error
  }
}

/** Says so where the data key is another than that of the last commit: anybody can make one for public recipients. */
export async function warnOfNewDataKey(workspace: Workspace, opened: OpenedSource): Promise<void> {
  if (!(await isUnderNewDataKey(workspace, opened))) return
  workspace.warn('the file is under another data key than in the last commit', {
    file: opened.source.name,
    hint: 'if nobody rotated it, compare with the last good version: git log -p -- FILE',
  })
}
