import { lstat, mkdir, open, rename, rmdir, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { KmsfileError } from '../../errors.ts'
import { readFile, realTarget, replaceFile } from '../../host/files.ts'

/** One thing that is done to a file of a repository. Paths are absolute. */
export type FileChange =
  | {
      readonly kind: 'write'
      readonly path: string
      /** What was there when this was planned; undefined for no file. */
      readonly before: string | undefined
      readonly after: string
      /** Permission bits of a new file, and of one that gets others. */
      readonly mode?: number | undefined
      /** Git itself writes it, under a lock. */
      readonly locked?: boolean | undefined
    }
  | { readonly kind: 'remove'; readonly path: string; readonly before: string; readonly locked?: boolean | undefined }
  | { readonly kind: 'move'; readonly path: string; readonly to: string }

/**
 * The bytes of a file as a string of as many characters, so that what is not ours stays as it is in whatever encoding it is.
 * Undefined where there is none. @throws KmsfileError `FILE_UNREADABLE`
 */
export async function readBinary(path: string): Promise<string | undefined> {
  try {
    return Buffer.from(await readFile(path)).toString('latin1')
  } catch (error) {
    if (error instanceof KmsfileError && error.code === 'FILE_NOT_FOUND') return undefined
    throw error
  }
}

/** Text of ours as {@link readBinary} has it. */
export function binary(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** The change that gives a file another content; undefined where it has it already. */
export function rewritten(
  path: string,
  before: string | undefined,
  after: string | undefined,
  options: { readonly mode?: number | undefined; readonly locked?: boolean | undefined } = {},
): FileChange | undefined {
  if (before === after) return undefined
  if (after !== undefined) return { kind: 'write', path, before, after, ...options }
  return before === undefined ? undefined : { kind: 'remove', path, before, locked: options.locked }
}

/**
 * Makes changes, one after the other.
 *
 * @throws KmsfileError `FILE_CHANGED` where a file is no longer what it was when the change was planned; `FILE_LOCKED` where git
 * is writing it; `FILE_UNWRITABLE`
 */
export async function applyChanges(changes: readonly FileChange[]): Promise<void> {
  for (const change of changes) {
    if (change.kind === 'move') {
      await rename(change.path, change.to).catch((cause) => fail(change.path, cause))
    } else if (change.locked === true) {
      await withGitLock(change.path, () => apply(change))
    } else {
      await apply(change)
    }
  }
}

async function apply(change: Exclude<FileChange, { kind: 'move' }>): Promise<void> {
  const { path, before } = change
  if ((await readBinary(path)) !== before) {
    throw new KmsfileError('somebody else has just changed the file', {
      code: 'FILE_CHANGED',
      file: path,
      hint: 'try again',
    })
  }
  if (change.kind === 'remove') {
    await unlink(path).catch((cause) => fail(path, cause))
    return
  }
  await mkdir(dirname(path), { recursive: true }).catch((cause) => fail(path, cause))
  const mode = change.mode ?? (before === undefined ? 0o644 : undefined)
  await replaceFile(path, Buffer.from(change.after, 'latin1'), { mode })
}

/** As git does, so that neither of us loses what the other writes. */
async function withGitLock(path: string, action: () => Promise<void>): Promise<void> {
  const lock = `${await realTarget(path)}.lock`
  const handle = await open(lock, 'wx', 0o600).catch((cause) => {
    if (cause?.code !== 'EEXIST') return fail(path, cause)
    throw new KmsfileError('git is writing the file, or was killed while it did', {
      code: 'FILE_LOCKED',
      file: path,
      hint: `if no git runs here, remove ${lock}`,
      cause,
    })
  })
  await handle.close()
  try {
    await action()
  } finally {
    await unlink(lock).catch(() => {})
  }
}

/** Removes a folder that has nothing in it. */
export async function removeEmptyFolder(path: string): Promise<void> {
  await rmdir(path).catch(() => {})
}

/** Whether something has that name, be it a broken link. */
export async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}

function fail(path: string, cause: unknown): never {
  throw new KmsfileError('cannot be written', { code: 'FILE_UNWRITABLE', file: path, cause })
}
