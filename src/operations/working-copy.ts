import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Path } from '../core/tree.ts'
import { KmsfileError } from '../errors.ts'
import { detectFormat } from '../formats/detect.ts'
import { writeFailure } from '../host/system-error.ts'
import { refuseReplay, warnOfNewDataKey } from './file-history.ts'
import {
  about,
  freshKey,
  type OpenOptions,
  openSource,
  plaintextOfSource,
  readNamed,
  readSource,
  refuseChangedRecipients,
  refuseIgnoredMac,
  rewrite,
  type SourceFile,
  type SourceOptions,
  updateFile,
  writingRule,
} from './secrets-file.ts'
import type { Workspace } from './workspace.ts'
import { type WrittenFile, writeSecrets, writeWhole } from './write-secrets.ts'

/** A file while somebody changes it, with all that is needed to write it: no key service is asked any more. */
export interface WorkingCopy {
  readonly source: SourceFile
  /** False for a file that is yet to be made; its text and its plaintext are empty. */
  readonly exists: boolean
  readonly plaintext: string
  /** Places that were not encrypted, though they should be. */
  readonly added: readonly Path[]
  /** Encrypts a new plaintext; unchanged values keep their bytes. @throws KmsfileError those of `writeSecrets` */
  encrypt(plaintext: string): Promise<WrittenFile>
  /** Encrypts any text, be it invalid, as one value. */
  encryptWhole(text: string): Promise<WrittenFile>
}

/**
 * Opens a file to change it, or a new one for which there is a rule: then its data key is made and wrapped, so that a
 * key that cannot be used costs nobody their text.
 *
 * @throws KmsfileError those of `openSource`, `writingRule` and `freshKey`; `INTEGRITY_RECIPIENTS_CHANGED`
 */
export async function openWorkingCopy(
  workspace: Workspace,
  name: string,
  { allowAdded, ...options }: SourceOptions & Pick<OpenOptions, 'allowAdded'> = {},
): Promise<WorkingCopy> {
  if (name === '-') throw new KmsfileError('cannot be changed', { code: 'USAGE', hint: 'name a file' })
  const source = await unlessMissing(readSource(workspace, name, options))
  if (source === undefined) return about(name, () => newWorkingCopy(workspace, name, options))
  if (workspace.flags.keys !== undefined || workspace.flags.selector !== undefined) {
    throw new KmsfileError('the file has its keys and its selector already', {
      code: 'USAGE',
      file: name,
      hint: 'change its rule, then: kmsfile updatekeys FILE',
    })
  }
  refuseIgnoredMac(workspace)
  const opened = await openSource(workspace, source, { allowAdded })
  refuseChangedRecipients(opened)
  await refuseReplay(workspace, opened)
  await warnOfNewDataKey(workspace, opened)
  const { file } = opened
  const { format, dataKey, envelope } = file
  const plaintext = await plaintextOfSource(workspace, opened)
  return {
    source,
    exists: true,
    plaintext,
    added: file.added,
    encrypt: (text) => rewrite(workspace, opened, text),
    encryptWhole: (text) => writeWhole(format, text, { ...envelope, dataKey, ...momentOf(workspace), reason: '' }),
  }
}

async function newWorkingCopy(
  workspace: Workspace,
  name: string,
  { inputType, filenameOverride }: SourceOptions,
): Promise<WorkingCopy> {
  const judged = filenameOverride ?? name
  const format = detectFormat(judged, inputType)
  const source = { name, path: resolve(workspace.host.cwd, judged), format, text: '' }
  const rule = await writingRule(workspace, source)
  const { dataKey, groups } = await freshKey(workspace, rule)
  const { selector, macOnlyEncrypted, threshold } = rule
  const options = { dataKey, groups, selector, macOnlyEncrypted, threshold }
  return {
    source,
    exists: false,
    plaintext: '',
    added: [],
    encrypt: (text) => writeSecrets(format, text, { ...options, ...momentOf(workspace) }),
    encryptWhole: (text) => writeWhole(format, text, { ...options, ...momentOf(workspace), reason: '' }),
  }
}

/**
 * Puts the encrypted text of a working copy in the place of the file that it was opened from.
 *
 * @throws KmsfileError `FILE_CHANGED` if the file is not that one any more, `FILE_LOCKED`, `FILE_UNWRITABLE`
 */
export async function saveWorkingCopy(workspace: Workspace, copy: WorkingCopy, text: string): Promise<void> {
  const { name } = copy.source
  const path = resolve(workspace.host.cwd, name)
  if (!copy.exists) {
    await mkdir(dirname(path), { recursive: true }).catch((error) => {
      throw writeFailure(error, name)
    })
  }
  await updateFile(workspace, name, async () => {
    const now = await unlessMissing(readNamed(workspace.host, name))
    if (now !== (copy.exists ? copy.source.text : undefined)) {
      throw new KmsfileError('the file was changed by somebody else meanwhile', { code: 'FILE_CHANGED', file: name })
    }
    return { text, result: undefined }
  })
}

function momentOf({ host }: Workspace) {
  return { now: host.now(), randomBytes: host.randomBytes }
}

/** Undefined where there is no such file. */
async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof KmsfileError && error.code === 'FILE_NOT_FOUND') return undefined
    throw error
  }
}
