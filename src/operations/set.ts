import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { looksEncrypted } from '../core/encrypted-value.ts'
import type { Node, Path } from '../core/tree.ts'
import { KmsfileError } from '../errors.ts'
import { editorOf } from '../formats/editors.ts'
import { type Format, FormatError, type PlainValue, ROOT_KEY, type Scanned } from '../formats/format.ts'
import { splice } from '../formats/splice.ts'
import { nodeAt } from './decrypt.ts'
import { isConcealable } from './open-values.ts'
import { about, type SourceOptions, updateFile } from './secrets-file.ts'
import { treeDigest } from './tree-digest.ts'
import { openWorkingCopy, saveWorkingCopy, type WorkingCopy } from './working-copy.ts'
import type { Workspace } from './workspace.ts'
import type { WrittenFile } from './write-secrets.ts'

/** One value to be set, or removed where `value` is undefined. */
export interface ValueChange {
  readonly path: Path
  readonly value: PlainValue | undefined
}

export interface ChangeOptions extends SourceOptions {
  /** Removing what is not there is no error. */
  readonly idempotent?: boolean | undefined
}

export interface ChangeResult {
  /** What happened at the path. The file is untouched where the value was `unchanged`, or `absent` and to be removed. */
  readonly outcome: 'added' | 'changed' | 'removed' | 'unchanged' | 'absent'
  /** The file was made. */
  readonly created: boolean
  /** How much of the value the selector leaves readable. */
  readonly readable: 'nothing' | 'a part' | 'all'
  /** Why the file is encrypted as one value; undefined where its keys are readable. */
  readonly whole: string | undefined
}

interface Made {
  readonly text: string | undefined
  readonly result: ChangeResult
}

/**
 * Sets or removes one value; everything else keeps its bytes. A file that does not exist is made where there is a rule
 * for it. Changes of the same file wait for each other.
 *
 * @throws KmsfileError `PATH_NOT_FOUND`; those of `openWorkingCopy` and of the format's `set` and `unset`
 */
export async function changeValue(
  workspace: Workspace,
  name: string,
  { idempotent, ...change }: ValueChange & ChangeOptions,
): Promise<ChangeResult> {
  const { path, value, ...source } = change
  const open = () => openWorkingCopy(workspace, name, source)
  if (await isThere(resolve(workspace.host.cwd, name))) {
    return updateFile(workspace, name, async () => changed(await open(), { path, value, idempotent }))
  }
  return about(name, async () => {
    const copy = await open()
    const { text, result } = await changed(copy, { path, value, idempotent })
    if (text !== undefined) await saveWorkingCopy(workspace, copy, text)
    return result
  })
}

async function changed(copy: WorkingCopy, change: ValueChange & ChangeOptions): Promise<Made> {
  const { format } = copy.source
  const { path, value } = change
  const before = scanned(copy)
  const old = before.documents.some(({ root }) => root !== undefined && nodeAt(root, path) !== undefined)
  if (value === undefined && !old && change.idempotent === true) return untouched('absent')
  const editor = await editorOf(format.name)
  const edits = value === undefined ? editor.unset(before, path) : editor.set(before, path, value)
  const plaintext = (before.bom ? '\ufeff' : '') + splice(before.text, edits)
  if ((await treeDigest(before.documents)) === (await treeDigest(format.scan(plaintext).documents)))
    return untouched('unchanged')
  const written = await copy.encrypt(plaintext)
  return {
    text: written.text,
    result: {
      outcome: value === undefined ? 'removed' : old ? 'changed' : 'added',
      created: !copy.exists,
      readable: value === undefined ? 'nothing' : readablePart(format, written, path),
      whole: written.whole,
    },
  }
}

function untouched(outcome: 'unchanged' | 'absent'): Made {
  return { text: undefined, result: { outcome, created: false, readable: 'nothing', whole: undefined } }
}

function scanned({ source, plaintext, exists }: WorkingCopy): Scanned {
  const { format } = source
  try {
    return format.scan(exists ? plaintext : format.emit([]))
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw new KmsfileError(`the file is encrypted as one value and has no paths: ${error.message}`, {
      code: 'FORMAT_UNSUPPORTED',
      hint: 'change it with kmsfile edit FILE',
    })
  }
}

/** How much of what stands at a path of an encrypted text can be read by everybody. */
function readablePart(format: Format, { text, whole }: WrittenFile, path: Path): ChangeResult['readable'] {
  if (whole !== undefined) return 'nothing'
  const found = { readable: 0, secret: 0 }
  for (const { root } of format.scan(text).documents) {
    const node = root && (nodeAt(root, path) ?? nodeAt(root, [ROOT_KEY, ...path]))
    if (node === undefined) continue
    count(node, found)
    break
  }
  if (found.readable === 0) return 'nothing'
  return found.secret === 0 ? 'all' : 'a part'
}

function count(node: Node, found: { readable: number; secret: number }): void {
  if (node.kind === 'alias') return
  if (node.kind === 'leaf') {
    if (node.type === 'str' && looksEncrypted(node.text)) found.secret++
    else if (isConcealable(node.type, node.text)) found.readable++
    return
  }
  for (const item of node.items) if (item.kind !== 'comment') count(item.kind === 'entry' ? item.value : item, found)
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
