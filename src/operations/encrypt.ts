import { resolve } from 'node:path'
import type { Path } from '../core/tree.ts'
import { KmsfileError } from '../errors.ts'
import { readText } from '../host/files.ts'
import { refuseReplay } from './file-history.ts'
import { encryptionState } from './read-secrets.ts'
import { warnOfReadableAliases } from './readable-aliases.ts'
import {
  about,
  freshKey,
  type OpenedSource,
  openSource,
  plaintextOfSource,
  refuseChangedRecipients,
  refuseIgnoredMac,
  rewrite,
  type SourceFile,
  sameGroups,
  writingRule,
} from './secrets-file.ts'
import type { Workspace } from './workspace.ts'
import { type WrittenFile, writeSecrets } from './write-secrets.ts'
import { writingTime } from './writing-time.ts'

export interface EncryptOptions {
  /**
   * File with the version before, or its text: what did not change keeps its bytes. Default: HEAD's version of the
   * path. `false` looks for none.
   */
  readonly previous?: string | false | undefined
}

export interface EncryptResult extends WrittenFile {
  /** Places that were plaintext in a file that was encrypted already. Empty for a plaintext. */
  readonly added: readonly Path[]
}

/**
 * Encrypts a plaintext for the keys of its rule; in a file that is encrypted already, what somebody added by hand.
 *
 * @throws KmsfileError `FILE_ALREADY_ENCRYPTED` where there is nothing to do
 */
export async function encrypt(
  workspace: Workspace,
  source: SourceFile,
  options: EncryptOptions = {},
): Promise<EncryptResult> {
  return about(source.name, async () => {
    if (isEncrypted(source)) return encryptAdded(workspace, source)
    const rule = await writingRule(workspace, source)
    const previous = await previousVersion(workspace, source, options)
    const reusable = previous !== undefined && sameGroups(groupsOf(previous), rule.groups) ? previous : undefined
    const { dataKey, groups } =
      reusable === undefined
        ? await freshKey(workspace, rule)
        : { dataKey: reusable.file.dataKey, groups: reusable.file.envelope.groups }
    const written = await writeSecrets(source.format, source.text, {
      dataKey,
      groups,
      threshold: rule.threshold,
      selector: rule.selector,
      macOnlyEncrypted: rule.macOnlyEncrypted,
      previous: reusable?.file,
      now: await writingTime(workspace.host, reusable?.file.envelope.lastModified ?? ''),
      randomBytes: workspace.host.randomBytes,
    })
    await warnOfReadableAliases(workspace, source, { plaintext: source.text, selector: rule.selector, written })
    return { ...written, added: [] }
  })
}

/** Encrypts what stands in plaintext in an encrypted file, after verifying everything else. */
async function encryptAdded(workspace: Workspace, source: SourceFile): Promise<EncryptResult> {
  refuseIgnoredMac(workspace)
  const opened = await openSource(workspace, source, { allowAdded: true })
  const { added } = opened.file
  if (added.length === 0) {
    throw new KmsfileError('the file is already encrypted', {
      code: 'FILE_ALREADY_ENCRYPTED',
      hint: 'change it with kmsfile edit FILE',
    })
  }
  refuseChangedRecipients(opened)
  await refuseReplay(workspace, opened)
  const text = await plaintextOfSource(workspace, opened)
  const written = await rewrite(workspace, opened, text)
  const { selector } = opened.file.envelope
  await warnOfReadableAliases(workspace, source, { plaintext: text, selector, written })
  return { ...written, added }
}

/** The version before of a file, opened; undefined where there is none that can be opened. */
async function previousVersion(
  workspace: Workspace,
  source: SourceFile,
  { previous }: EncryptOptions,
): Promise<OpenedSource | undefined> {
  if (previous === false) return undefined
  if (previous !== undefined) {
    const { text } = await readText(resolve(workspace.host.cwd, previous))
    return openSource(workspace, { ...source, name: previous, text })
  }
  const repository = await workspace.repository(source.path)
  const path = await repository?.pathOf(source.path).catch(() => undefined)
  const bytes = path === undefined ? undefined : await repository?.headVersion(path).catch(() => undefined)
  if (bytes === undefined) return undefined
  const text = Buffer.from(bytes).toString('utf8')
  try {
    if (!isEncrypted({ ...source, text })) return undefined
    return await openSource(workspace, { ...source, text })
  } catch (error) {
    // Nobody asked for it: a new data key and new bytes do as well.
    if (error instanceof KmsfileError) return undefined
    throw error
  }
}

function isEncrypted({ format, text }: SourceFile): boolean {
  // Whatever is encrypted has its MAC in it; a large plaintext is not scanned for nothing.
  if (!text.includes('ENC[AES256_GCM,')) return false
  try {
    return encryptionState(format.scan(text).documents) === 'encrypted'
  } catch (error) {
    // What has no tree, or is no text of the format, is judged where it is encrypted.
    if (error instanceof KmsfileError) return false
    throw error
  }
}

function groupsOf({ file }: OpenedSource) {
  return file.envelope.groups.map((group) => group.map(({ masterKey }) => masterKey))
}
