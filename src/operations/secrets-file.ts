import { resolve } from 'node:path'
import type { Rule } from '../config/rules.ts'
import { withFlags } from '../config/rules.ts'
import type { DataKey } from '../core/data-key.ts'
import { newDataKey } from '../core/data-key.ts'
import { refuseUnresolved } from '../core/envelope-reader.ts'
import { type KeyGroup, masterKeyIdentity, type WrappedKey } from '../core/master-key.ts'
import { KmsfileError } from '../errors.ts'
import { detectFormat } from '../formats/detect.ts'
import type { Format } from '../formats/format.ts'
import { readStdin, readText, replaceFile } from '../host/files.ts'
import type { Host } from '../host/host.ts'
import { withLock } from '../host/lock.ts'
import { decodeText } from '../host/utf8.ts'
import { generateDataKey, unwrapDataKey, wrapDataKey } from '../keys/keyring.ts'
import { type EncryptedFile, type OpenedFile, openSecrets, parseEncrypted, plaintextOf } from './read-secrets.ts'
import type { Workspace } from './workspace.ts'
import { type WriteOptions, type WrittenFile, writeSecrets } from './write-secrets.ts'
import { writingTime } from './writing-time.ts'

/** A file as somebody named it, read. */
export interface SourceFile {
  /** As the user named it; `-` is stdin. */
  readonly name: string
  /** Absolute path that the rules judge; of stdin the name that `--filename-override` gives. */
  readonly path: string
  readonly format: Format
  readonly text: string
}

export interface SourceOptions {
  readonly inputType?: string | undefined
  readonly filenameOverride?: string | undefined
}

/** Reads a file, or stdin for `-`. @throws KmsfileError those of `host/files`, and `USAGE` for stdin without a type */
export async function readSource(
  { host }: Workspace,
  name: string,
  { inputType, filenameOverride }: SourceOptions = {},
): Promise<SourceFile> {
  const judged = filenameOverride ?? name
  if (name === '-' && inputType === undefined && filenameOverride === undefined) {
    throw new KmsfileError('stdin has no name that says its format', {
      code: 'USAGE',
      hint: 'add --input-type yaml, or --filename-override NAME',
    })
  }
  return about(name, async () => {
    const format = detectFormat(judged, inputType)
    const path = resolve(host.cwd, judged)
    const text = name === '-' ? decodeText(await readStdin(host), name) : await readNamed(host, name)
    return { name, path, format, text }
  })
}

/** Reads a file; errors name it as the user did. @throws KmsfileError as `host/files` does */
export async function readNamed({ cwd }: Pick<Host, 'cwd'>, name: string): Promise<string> {
  const path = resolve(cwd, name)
  return asNamed({ path, name }, async () => (await readText(path)).text)
}

/** Lets errors of an absolute path name the file as the user did. */
async function asNamed<T>({ path, name }: Pick<SourceFile, 'path' | 'name'>, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    if (!(error instanceof KmsfileError) || error.file !== path) throw error
    throw Object.create(error, { file: { value: name, enumerable: true } })
  }
}

/** A file that was opened, with the rule that the configuration has for it. */
export interface OpenedSource {
  readonly source: SourceFile
  readonly file: OpenedFile
  readonly rule: Rule | undefined
}

export interface OpenOptions {
  /** See `ReadOptions.allowAdded`. */
  readonly allowAdded?: boolean | undefined
  /** Does not look at MAC and seal: for those who are about to accept what they find. */
  readonly unverified?: boolean | undefined
  /** Opens what sops wrote last although the rule asks for a seal: for those who are about to seal it. */
  readonly allowUnsealed?: boolean | undefined
}

/** Unwraps, decrypts and verifies. @throws KmsfileError those of the keyring and of `openSecrets`, naming the file */
export async function openSource(
  workspace: Workspace,
  source: SourceFile,
  options: OpenOptions = {},
): Promise<OpenedSource> {
  return about(source.name, async () => {
    const encrypted = await parseSource(workspace, source)
    const rule = await workspace.config.ruleIfAny(source.path)
    return { source, rule, file: await openParsed(workspace, encrypted, { ...options, rule: async () => rule }) }
  })
}

/**
 * As {@link openSource}, for who only reads: the configuration is looked at where the file alone does not show that it is
 * as kmsfile wrote it. It takes as long as the rest of a small file.
 */
export async function openToRead(workspace: Workspace, source: SourceFile): Promise<Omit<OpenedSource, 'rule'>> {
  return about(source.name, async () => {
    const encrypted = await parseSource(workspace, source)
    const rule = () => workspace.config.ruleIfAny(source.path)
    return { source, file: await openParsed(workspace, encrypted, { rule }) }
  })
}

/** What is not encrypted on purpose is told so. */
async function parseSource(workspace: Workspace, { format, text, name, path }: SourceFile): Promise<EncryptedFile> {
  try {
    return parseEncrypted(format, text)
  } catch (error) {
    if (error instanceof KmsfileError && error.code === 'FILE_NOT_ENCRYPTED' && name !== '-') {
      await refuseTransparent(workspace, path)
    }
    throw error
  }
}

/**
 * Refuses a file that lies in the work tree as plaintext because somebody wants it to, and that git encrypts.
 *
 * @throws KmsfileError `FILE_NOT_ENCRYPTED`
 */
export async function refuseTransparent({ encryptedVersions }: Workspace, path: string): Promise<void> {
  if ((await encryptedVersions?.([path]))?.has(path) !== true) return
  throw new KmsfileError('the file lies here as plaintext on purpose (transparent mode); git encrypts it', {
    code: 'FILE_NOT_ENCRYPTED',
    hint: 'read and change it as any other file, then: git add FILE',
  })
}

async function openParsed(
  workspace: Workspace,
  encrypted: EncryptedFile,
  { allowUnsealed, unverified, allowAdded, rule }: OpenOptions & { readonly rule: () => Promise<Rule | undefined> },
): Promise<OpenedFile> {
  // Before anybody is asked for a key that would be of no use.
  refuseUnresolved(encrypted.envelope)
  const dataKey = await unwrap(workspace, encrypted)
  return openSecrets(encrypted, dataKey, {
    ruleSelector: async () => (await rule())?.selector,
    requireSeal: async () => allowUnsealed !== true && (await rule())?.integrity === 'sealed',
    ignoreMac: workspace.ignoreMac || unverified,
    allowAdded,
  })
}

/** Unwraps the data key of a file. @throws KeyUnavailableError */
async function unwrap(workspace: Workspace, { envelope }: Pick<EncryptedFile, 'envelope'>): Promise<DataKey> {
  const { dataKey } = await unwrapDataKey(envelope.groups, workspace.providers, {
    ...workspace.keyring,
    threshold: envelope.threshold,
  })
  return dataKey
}

/** The rule for a file that is to be encrypted, flags over it. @throws KmsfileError `CONFIG_NOT_FOUND`, `CONFIG_NO_RULE` */
export async function writingRule(workspace: Workspace, source: SourceFile): Promise<Rule> {
  const { name, path } = source
  return about(name, async () => {
    const { flags, config } = workspace
    const named = flags.keys !== undefined && flags.keys.length > 0
    const found = await asNamed(source, () => (named ? config.ruleIfAny(path) : config.rule(path)))
    const rule = withFlags(found, flags)
    if (rule.groups.length > 0) return rule
    throw new KmsfileError('the rule for this file names no keys', {
      code: 'CONFIG_NO_RULE',
      hint: 'name the keys: --age, --kms',
    })
  })
}

/** A data key under every master key of a rule. */
export interface FreshKey {
  readonly dataKey: DataKey
  readonly groups: readonly (readonly WrappedKey[])[]
}

/** Makes a data key and wraps it for the keys of a rule. @throws KeyUnavailableError `KEY_WRAP_FAILED` */
export async function freshKey({ host, providers, keyring }: Workspace, rule: Rule): Promise<FreshKey> {
  const options = { ...keyring, threshold: rule.threshold }
  if (rule.dataKeyFromKms === true) {
    const { dataKey, wrapped } = await generateDataKey(rule.groups, providers, options)
    return { dataKey, groups: wrapped }
  }
  const dataKey = newDataKey(host.randomBytes)
  return { dataKey, groups: await wrapDataKey(dataKey, rule.groups, providers, options) }
}

/** What to change in a file while it is written anew; the rest stays as it was. */
export type Changes = Partial<
  Pick<WriteOptions, 'dataKey' | 'groups' | 'threshold' | 'selector' | 'macOnlyEncrypted'>
> & {
  /** Encrypts everything anew instead of keeping the bytes of what did not change. */
  readonly afresh?: boolean
}

/** Encrypts a new plaintext of an opened file. */
export async function rewrite(
  { host }: Workspace,
  { file }: OpenedSource,
  plaintext: string,
  { afresh = false, ...changes }: Changes = {},
): Promise<WrittenFile> {
  return writeSecrets(file.format, plaintext, {
    dataKey: file.dataKey,
    groups: file.envelope.groups,
    threshold: file.envelope.threshold,
    selector: file.envelope.selector,
    macOnlyEncrypted: file.envelope.macOnlyEncrypted,
    previous: afresh ? undefined : file,
    before: file.envelope,
    now: await writingTime(host, file.envelope.lastModified),
    randomBytes: host.randomBytes,
    ...changes,
  })
}

/**
 * The plaintext of an opened file; says so where a sealed one lost its original spelling.
 *
 * @throws KmsfileError `INTEGRITY_LAYOUT` in that case, where the rule asks for a seal
 */
export async function plaintextOfSource(
  workspace: Workspace,
  { file, source }: Omit<OpenedSource, 'rule'>,
): Promise<string> {
  const { text, exact } = await plaintextOf(file)
  if (exact || file.integrity !== 'sealed') return text
  const rule = await workspace.config.ruleIfAny(source.path)
  const message = 'the original spelling is not known or was changed'
  if (rule?.integrity === 'sealed') {
    throw new KmsfileError(message, {
      code: 'INTEGRITY_LAYOUT',
      file: source.name,
      hint: 'see what changed, and accept it if it was you: kmsfile seal --accept FILE',
    })
  }
  workspace.warn(`${message}; the values are printed anew`, { file: source.name })
  return text
}

/**
 * Refuses to write what nobody verified.
 *
 * @throws KmsfileError `USAGE`
 */
export function refuseIgnoredMac({ ignoreMac }: Workspace): void {
  if (!ignoreMac) return
  throw new KmsfileError('--ignore-mac is for reading: what is written would be sealed as it was found', {
    code: 'USAGE',
    hint: 'look at it with kmsfile decrypt --ignore-mac, and accept it with kmsfile seal --accept',
  })
}

/** How the recipients of a file compare with its rule and its seal. */
export type RecipientsVerdict = 'as-configured' | 'confirmed' | 'changed' | 'unknown'

/**
 * Whether those who can open a file are those who should: they equal the rule's, or the seal says that kmsfile wrote
 * them. `unknown`: sops wrote the file, and no rule says who should.
 */
export function judgeRecipients({ file, rule }: OpenedSource): RecipientsVerdict {
  const { groups, threshold } = file.envelope
  if (rule !== undefined && rule.groups.length > 0) {
    const own = groups.map((group) => group.map(({ masterKey }) => masterKey))
    if (sameGroups(own, rule.groups) && sameThreshold(threshold, rule.threshold, groups.length)) return 'as-configured'
  }
  if (file.recipients !== undefined) return file.recipients
  return rule === undefined && file.integrity !== 'sealed' ? 'unknown' : 'changed'
}

/**
 * Refuses to write a file whose recipients nobody confirmed.
 *
 * @throws KmsfileError `INTEGRITY_RECIPIENTS_CHANGED`
 */
export function refuseChangedRecipients(opened: OpenedSource): void {
  if (judgeRecipients(opened) !== 'changed') return
  throw new KmsfileError('the keys that can open this file are neither those of its rule nor those that were sealed', {
    code: 'INTEGRITY_RECIPIENTS_CHANGED',
    file: opened.source.name,
    hint: `see who they are and make them those of the rule: kmsfile updatekeys ${opened.source.name}`,
  })
}

/** Says so where recipients changed: reading does no harm. */
export async function warnOfRecipients(
  workspace: Workspace,
  { source, file }: Omit<OpenedSource, 'rule'>,
): Promise<void> {
  if (file.recipients === 'confirmed') return
  const rule = await workspace.config.ruleIfAny(source.path)
  if (judgeRecipients({ source, file, rule }) !== 'changed') return
  workspace.warn('the keys that can open this file are neither those of its rule nor those that were sealed', {
    file: source.name,
    hint: `kmsfile updatekeys ${source.name}`,
  })
}

/** Reads, changes and replaces a file under its lock. `change` returns the new text, or undefined to leave it. */
export async function updateFile<T>(
  workspace: Workspace,
  name: string,
  change: () => Promise<{ readonly text: string | undefined; readonly result: T }>,
): Promise<T> {
  const path = resolve(workspace.host.cwd, name)
  return about(name, () =>
    withLock(workspace.host, { path }, async () => {
      const { text, result } = await change()
      if (text !== undefined) await replaceInPlace(workspace, name, text)
      return result
    }),
  )
}

/** Replaces a file atomically, and says where another name still has the old content. */
export async function replaceInPlace(workspace: Workspace, name: string, text: string): Promise<void> {
  const { hardLinks } = await replaceFile(resolve(workspace.host.cwd, name), text)
  if (hardLinks === 0) return
  const names =
    hardLinks === 1
      ? 'another name (hard link) of this file still has'
      : `${hardLinks} other names (hard links) of this file still have`
  workspace.warn(`${names} the old content`, { file: name })
}

/** Adds the file to whatever goes wrong in it. */
export async function about<T>(file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    if (error instanceof KmsfileError) throw error.in(file)
    throw error
  }
}

/** Whether two lists of groups name the same keys; the order within a group does not count. */
export function sameGroups(a: readonly KeyGroup[], b: readonly KeyGroup[]): boolean {
  const identities = (groups: readonly KeyGroup[]) =>
    JSON.stringify(groups.map((group) => [...new Set(group.map(masterKeyIdentity))].sort()))
  return identities(a) === identities(b)
}

function sameThreshold(a: number, b: number | undefined, groups: number): boolean {
  return groups <= 1 || (a || groups) === (b ?? groups)
}
