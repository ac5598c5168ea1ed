import { lstat } from 'node:fs/promises'
import { extname } from 'node:path'
import type { Rule } from '../config/rules.ts'
import { keyIdOf } from '../core/layout.ts'
import type { KeyGroup } from '../core/master-key.ts'
import { printPath } from '../core/path.ts'
import { KmsfileError } from '../errors.ts'
import { detectFormat } from '../formats/detect.ts'
import type { Format } from '../formats/format.ts'
import { readFile } from '../host/files.ts'
import { shellWord } from '../host/shell-words.ts'
import { decodeText } from '../host/utf8.ts'
import { type DataKeyAge, dataKeyAge } from './data-key-age.ts'
import { type FileState, type Inspection, inspectText, mentionsEncryption } from './inspect.ts'
import { type ListedFile, listFiles } from './list-files.ts'
import { compareWithRule, type Difference } from './rule-differences.ts'
import { judgeRecipients, openSource } from './secrets-file.ts'
import { mapConcurrently, type Workspace } from './workspace.ts'

export interface StatusOptions {
  /** Opens every file with the user's keys, and verifies it. */
  readonly verify?: boolean | undefined
  /** Told how many files are looked at; what it returns is called when one is done. */
  readonly onStart?: ((files: number) => () => void) | undefined
}

/** What is known about one file. */
export interface FileStatus {
  /** As people know it. */
  readonly name: string
  readonly state: FileState
  /** Whether the rules want it encrypted. */
  readonly managed: boolean
  /** It lies in the work tree as plaintext because somebody wants it to; all else is about what git has of it. */
  readonly transparent: boolean
  /** Who can open it; empty where it has no envelope. */
  readonly groups: readonly KeyGroup[]
  /** How many groups must take part; undefined where there is one. */
  readonly threshold: number | undefined
  /** Who says that he wrote it last; undefined where it has no envelope. */
  readonly writer: 'kmsfile' | 'sops' | undefined
  /** What verification found: `sealed`, or `values` where the MAC alone fits; why it failed. Undefined: nobody looked. */
  readonly verified: 'sealed' | 'values' | KmsfileError | undefined
  readonly dataKey: DataKeyAge | undefined
  /** When it was changed last, as it says itself. */
  readonly lastModified: Date | undefined
  /** The rule for it, managed or not. */
  readonly rule: Rule | undefined
  /** What is not as the rule says. */
  readonly differences: readonly Difference[]
  /** What is wrong with the file itself. */
  readonly problem: KmsfileError | undefined
  readonly attention: boolean
  /** The command that puts it right; undefined where there is none, or nothing is wrong. */
  readonly fix: string | undefined
}

/** Files that no rule manages are looked through for encrypted ones up to this size. */
const MAX_SNIFFED_BYTES = 8 * 1024 * 1024

/**
 * Says of every secrets file how it is: of those that the rules manage, and of those that are encrypted although none
 * does. Without `verify` no key is used and nobody is asked.
 *
 * @throws KmsfileError `CONFIG_INVALID`, `FILE_NOT_FOUND` for a name that stands for nothing; what is wrong with a file is
 * part of the result
 */
export async function statusOf(
  workspace: Workspace,
  names: readonly string[] = [],
  options: StatusOptions = {},
): Promise<readonly FileStatus[]> {
  const files = await listFiles(workspace, names)
  const done = options.onStart?.(files.length)
  const found = await mapConcurrently(files, async (file) => {
    const status = await statusOfFile(workspace, file, options)
    done?.()
    return status
  })
  return withTransparent(workspace, { files, found }, options)
}

/** Looks at what git has, where a plaintext lies there because somebody wants it to. */
async function withTransparent(
  workspace: Workspace,
  { files, found }: { readonly files: readonly ListedFile[]; readonly found: readonly (FileStatus | undefined)[] },
  options: StatusOptions,
): Promise<readonly FileStatus[]> {
  const plain = files.filter((_, i) => found[i]?.state === 'plaintext' && found[i].managed)
  const stored =
    plain.length === 0
      ? undefined
      : await workspace.encryptedVersions?.(plain.map(({ path }) => path)).catch(withoutGit)
  const all = await mapConcurrently(files, async (file, i) => {
    const bytes = stored?.get(file.path)
    return bytes === undefined ? found[i] : statusOfStored(workspace, file, { bytes, ...options })
  })
  return all.filter((each) => each !== undefined)
}

async function statusOfStored(
  workspace: Workspace,
  file: ListedFile,
  { bytes, verify = false }: StatusOptions & { readonly bytes: Uint8Array },
): Promise<FileStatus> {
  const format = formatOf(file.path)
  const rule = await workspace.config.ruleIfAny(file.path)
  const inspection = await inspectBytes(bytes, format)
  const status = { ...judge(file, inspection, { managed: true, rule }), transparent: true }
  if (!verify || format === undefined || inspection.envelope === undefined) return status
  return verified(workspace, { file, format, status, text: decodeText(bytes) })
}

/** What git cannot say, nobody takes for granted. */
function withoutGit(error: unknown): undefined {
  if (!(error instanceof KmsfileError) || error.code !== 'GIT_FAILED') throw error
}

async function statusOfFile(
  workspace: Workspace,
  file: ListedFile,
  { verify = false }: StatusOptions,
): Promise<FileStatus | undefined> {
  const managed = await workspace.config.manages(file.path)
  const format = formatOf(file.path)
  // Encrypted files of kinds that are not known are found only where they are managed: names of all kinds are too many.
  if (!managed && !file.named && format === undefined) return undefined
  const maxBytes = managed || file.named ? undefined : MAX_SNIFFED_BYTES
  const bytes = await readFile(file.path, { maxBytes }).catch((error) => failed(error))
  if (bytes instanceof KmsfileError) {
    // Tracked, but deleted; or too large to be looked at for nothing.
    if (bytes.code === 'FILE_NOT_FOUND' || !(managed || file.named)) return undefined
    return judge(file, { state: 'unreadable', added: [], problem: bytes.in(file.name) }, { managed, rule: undefined })
  }
  if (!managed && !file.named && !mentionsEncryption(bytes)) return undefined
  // Git lists links that it does not track yet; what they lead to is listed where it lies.
  if (!file.named && (await lstat(file.path)).isSymbolicLink()) return undefined
  const inspection = await inspectBytes(bytes, format)
  if (!managed && !file.named && inspection.state === 'plaintext') return undefined
  const rule = await workspace.config.ruleIfAny(file.path)
  const status = judge(file, inspection, { managed, rule })
  if (!verify || format === undefined || inspection.envelope === undefined) return status
  return verified(workspace, { file, format, status, text: decodeText(bytes) })
}

async function inspectBytes(bytes: Uint8Array, format: Format | undefined): Promise<Inspection> {
  if (bytes.length === 0) return { state: 'empty', added: [] }
  if (!mentionsEncryption(bytes)) return { state: 'plaintext', added: [] }
  try {
    if (format === undefined) throw unknownFormat()
    return await inspectText(format, decodeText(bytes))
  } catch (problem) {
    if (!(problem instanceof KmsfileError)) throw problem
    return { state: 'unreadable', added: [], problem }
  }
}

function judge(
  { name }: ListedFile,
  { state, envelope, whole = false, added, reusedNonces = 0, problem: found }: Inspection,
  { managed, rule }: { managed: boolean; rule: Rule | undefined },
): FileStatus {
  const groups = envelope?.groups.map((group) => group.map(({ masterKey }) => masterKey)) ?? []
  const differences = envelope === undefined || rule === undefined ? [] : compareWithRule(envelope, rule, { whole })
  const problem = found ?? problemOf({ added, reusedNonces })
  const wrong = reusedNonces > 0 || state === 'partly' || state === 'conflict' || state === 'unreadable'
  const base = {
    name,
    state,
    managed,
    transparent: false,
    groups,
    threshold: groups.length > 1 ? envelope?.threshold || groups.length : undefined,
    writer: envelope && (keyIdOf(envelope.kmsfile) === undefined ? ('sops' as const) : ('kmsfile' as const)),
    verified: undefined,
    dataKey: envelope && dataKeyAge(envelope),
    lastModified: envelope && new Date(envelope.lastModified),
    rule,
    differences,
    problem,
    attention: wrong || differences.length > 0 || (state === 'plaintext' && managed),
  }
  return { ...base, fix: base.attention ? fixOf(base) : undefined }
}

function problemOf({ added, reusedNonces }: { added: Inspection['added']; reusedNonces: number }) {
  if (added.length > 0) return notEncrypted(added.map(printPath))
  return reusedNonces > 0 ? nonceReused(reusedNonces) : undefined
}

function fixOf({ name, state, differences, problem }: Omit<FileStatus, 'fix'>): string | undefined {
  const file = shellWord(name)
  if (state === 'plaintext' && formatOf(name) === undefined) return undefined
  if (state === 'plaintext' || problem?.code === 'INTEGRITY_VALUE_NOT_ENCRYPTED') return `kmsfile encrypt -i ${file}`
  if (problem?.code === 'INTEGRITY_NONCE_REUSED') return `kmsfile rotate -i ${file}`
  if (problem !== undefined) return undefined
  const [first] = differences
  if (first === undefined) return undefined
  return first.kind === 'not-sealed' ? `kmsfile seal ${file}` : `kmsfile updatekeys ${file}`
}

interface Verifiable {
  readonly file: ListedFile
  readonly format: Format
  readonly status: FileStatus
  readonly text: string
}

async function verified(workspace: Workspace, { file, format, status, text }: Verifiable): Promise<FileStatus> {
  try {
    const opened = await openSource(workspace, { ...file, format, text }, { allowAdded: true })
    const result = opened.file.integrity === 'sealed' ? 'sealed' : 'values'
    if (judgeRecipients(opened) !== 'changed') return { ...status, verified: result }
    const fix = status.fix ?? `kmsfile updatekeys ${shellWord(file.name)}`
    return { ...status, verified: result, attention: true, fix }
  } catch (error) {
    const why = failed(error)
    if (why.code === 'INTERRUPTED') throw why
    return { ...status, verified: why, attention: true, fix: undefined }
  }
}

function formatOf(path: string): Format | undefined {
  return ['.yaml', '.yml', '.json'].includes(extname(path)) ? detectFormat(path) : undefined
}

function failed(error: unknown): KmsfileError {
  if (error instanceof KmsfileError) return error
  throw error
}

function unknownFormat(): KmsfileError {
  return new KmsfileError('only YAML and JSON can be read so far', { code: 'FORMAT_UNSUPPORTED' })
}

function notEncrypted(places: readonly string[]): KmsfileError {
  const more = places.length > 3 ? ` and ${places.length - 3} more` : ''
  return new KmsfileError(`not encrypted: ${places.slice(0, 3).join(', ')}${more}`, {
    code: 'INTEGRITY_VALUE_NOT_ENCRYPTED',
  })
}

/** With two ciphertexts of one nonce, whoever has the file finds out how the two texts differ, and can forge others. */
function nonceReused(count: number): KmsfileError {
  const what = count === 1 ? 'a nonce encrypts' : `${count} nonces encrypt`
  return new KmsfileError(`${what} more than one text, which gives away how they differ`, {
    code: 'INTEGRITY_NONCE_REUSED',
  })
}
