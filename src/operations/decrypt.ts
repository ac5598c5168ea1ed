import { printPath } from '../core/path.ts'
import type { Document, MapNode, Node, Path } from '../core/tree.ts'
import { KmsfileError } from '../errors.ts'
import type { Format } from '../formats/format.ts'
import { treeOfPlaintext } from './read-secrets.ts'
import {
  about,
  type OpenedSource,
  openToRead,
  plaintextOfSource,
  type SourceFile,
  warnOfRecipients,
} from './secrets-file.ts'
import type { Workspace } from './workspace.ts'

export interface DecryptOptions {
  /** Prints in this format instead of the file's own. */
  readonly outputFormat?: Format | undefined
  /** Prints this value alone. */
  readonly extract?: Path | undefined
  /** Prints a text that is extracted as the format spells it, not as it is. */
  readonly spelled?: boolean | undefined
}

export interface DecryptResult {
  readonly text: string
  /** One value, as it is: no line break was added. */
  readonly bare: boolean
}

/** Decrypts a file. @throws KmsfileError those of `openToRead`; `PATH_NOT_FOUND` */
export async function decrypt(
  workspace: Workspace,
  source: SourceFile,
  options: DecryptOptions = {},
): Promise<DecryptResult> {
  const opened = await openToRead(workspace, source)
  await warnOfRecipients(workspace, opened)
  return about(source.name, () => printOpened(workspace, opened, options))
}

async function printOpened(
  workspace: Workspace,
  opened: Omit<OpenedSource, 'rule'>,
  { outputFormat, extract, spelled = false }: DecryptOptions,
): Promise<DecryptResult> {
  const { file } = opened
  const format = outputFormat ?? file.format
  if (extract !== undefined) return extracted(treeOfPlaintext(file), extract, { format, spelled })
  if (format.name !== file.format.name) {
    const tree = treeOfPlaintext(file)
    if (format.name === 'json' && tree.length > 1) {
      throw new KmsfileError(`${tree.length} documents do not fit into one JSON text`, {
        code: 'FORMAT_UNSUPPORTED',
        hint: 'print it as YAML, or name one value with --extract',
      })
    }
    return { text: format.emit(tree), bare: false }
  }
  return { text: await plaintextOfSource(workspace, opened), bare: false }
}

function extracted(
  documents: readonly Document[],
  path: Path,
  { format, spelled }: { format: Format; spelled: boolean },
): DecryptResult {
  for (const { root } of documents) {
    const node = root === undefined ? undefined : nodeAt(root, path)
    if (node === undefined) continue
    // A text is printed as it is; everything else as the format writes it.
    if (node.kind === 'leaf' && node.type === 'str' && !spelled) return { text: node.text, bare: true }
    const text = format.emit([{ root: node, comments: [], start: 0, end: 0 }])
    return node.kind === 'leaf' ? { text: text.replace(/\n$/, ''), bare: true } : { text, bare: false }
  }
  throw new KmsfileError(`there is nothing at ${printPath(path)}`, {
    code: 'PATH_NOT_FOUND',
    hint: 'see what there is: the keys of FILE are readable',
  })
}

function entryValue(map: MapNode, key: string): Node | undefined {
  const entry = map.items.find((item) => item.kind === 'entry' && item.key === key)
  return entry?.kind === 'entry' ? entry.value : undefined
}

/** The node at a path of a plaintext tree; undefined where there is none. */
export function nodeAt(root: Node, path: Path): Node | undefined {
  let node: Node | undefined = root
  for (const part of path) {
    while (node?.kind === 'alias') node = node.target
    if (node?.kind === 'map' && typeof part === 'string') {
      node = entryValue(node, part)
    } else if (node?.kind === 'list' && typeof part === 'number') {
      node = node.items.filter((item) => item.kind !== 'comment')[part]
    } else return undefined
  }
  while (node?.kind === 'alias') node = node.target
  return node
}
