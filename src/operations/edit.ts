import { basename } from 'node:path'
import { loadUserConfig } from '../config/user-config.ts'
import type { Path } from '../core/tree.ts'
import { KmsfileError } from '../errors.ts'
import { ENVELOPE_KEY, type Format, type FormatName } from '../formats/format.ts'
import { type EditorCall, prepareEditor, runEditor } from '../host/editor.ts'
import { readFile } from '../host/files.ts'
import { type PrivateTemp, withPrivateTemp } from '../host/private-temp.ts'
import { decodeText } from '../host/utf8.ts'
import { rescue } from './rescue.ts'
import { about, type SourceFile, type SourceOptions } from './secrets-file.ts'
import { compareTrees, type TreeChange } from './tree-changes.ts'
import { openWorkingCopy, saveWorkingCopy, type WorkingCopy } from './working-copy.ts'
import type { Workspace } from './workspace.ts'
import type { WrittenFile } from './write-secrets.ts'

export interface EditOptions extends SourceOptions {
  /**
   * Told what is wrong with the edited text; true goes back to the editor, false throws the edit away. Undefined where
   * nobody can be asked.
   */
  readonly askAgain?: ((problem: KmsfileError) => Promise<boolean>) | undefined
}

export type EditResult =
  /** The file, if there is one, is untouched. `added` is what stands in it in plaintext and should not. */
  | { readonly outcome: 'unchanged'; readonly exists: boolean; readonly added: readonly Path[] }
  | { readonly outcome: 'discarded' }
  | {
      readonly outcome: 'saved'
      readonly created: boolean
      readonly written: WrittenFile
      /** Undefined where one of the two texts has no tree. */
      readonly changes: readonly TreeChange[] | undefined
      readonly added: readonly Path[]
    }

/** What the editor shows where there is no file yet. */
const EXAMPLES: Readonly<Record<FormatName, string>> = {
  yaml: [
    '# Replace this example. On leaving the editor the values and comments are encrypted; the keys stay readable.',
    'database:',
    '  user: app',
    '  password: change me',
    'hosts:',
    '  - db1.example.com',
    '',
  ].join('\n'),
  json: '{\n\t"database": {\n\t\t"user": "app",\n\t\t"password": "change me"\n\t}\n}\n',
}

/**
 * Has a person change the plaintext of a file in an editor, and encrypts what came of it; unchanged values keep their
 * bytes, an unchanged text leaves the file untouched. A new file starts from an example.
 *
 * The file is locked only while it is replaced. Whatever fails after the editor, the edited text is kept, encrypted,
 * and the error's hint says where.
 *
 * @throws KmsfileError those of `openWorkingCopy`, `host/editor` and `writeSecrets`; `FILE_CHANGED` if somebody else
 * changed the file meanwhile; `INTERRUPTED`
 */
export async function edit(workspace: Workspace, name: string, options: EditOptions = {}): Promise<EditResult> {
  return about(name, async () => {
    const { env, platform, cwd } = workspace.host
    const copy = await openWorkingCopy(workspace, name, { ...options, allowAdded: true })
    const original = copy.exists ? copy.plaintext : EXAMPLES[copy.source.format.name]
    // Ends when the editor does, and that when the real signal aborts: what was written until then is rescued first.
    const { signal } = new AbortController()
    return withPrivateTemp({ env, platform, cwd, signal }, { name: basename(name), content: original }, async (temp) =>
      editIn(workspace, copy, { temp, original, askAgain: options.askAgain }),
    )
  })
}

interface Session extends Pick<EditOptions, 'askAgain'> {
  readonly temp: PrivateTemp
  readonly original: string
}

async function editIn(workspace: Workspace, copy: WorkingCopy, session: Session): Promise<EditResult> {
  const { temp, original, askAgain } = session
  const editor = await editorFor(workspace, copy, temp)
  let edited = original
  for (;;) {
    try {
      let problem: KmsfileError | undefined
      try {
        await runEditor(workspace.host, editor)
      } finally {
        ;({ text: edited, problem } = await readEdited(temp))
      }
      if (edited === original) return { outcome: 'unchanged', exists: copy.exists, added: copy.added }
      const written = problem ?? (await encryptOrProblem(copy, edited))
      if (!(written instanceof KmsfileError)) return await save(workspace, copy, { edited, written })
      if (askAgain === undefined) throw written
      if (!(await askAgain(written.in(copy.source.name)))) return { outcome: 'discarded' }
    } catch (error) {
      if (edited === original) throw error
      const kept = await rescue(workspace, copy, edited).catch((problem: unknown) => problem)
      if (typeof kept === 'string') throw rescued(workspace, error, kept)
      // Only the editor still has it: whoever can be asked may go back and take it elsewhere.
      if (askAgain === undefined || !(kept instanceof KmsfileError)) throw error
      if (!(await askAgain(kept))) return { outcome: 'discarded' }
    }
  }
}

/** The editor of whoever runs us, for a text that belongs to a file; warns of what it may leave behind. */
export async function editorFor(
  workspace: Workspace,
  { source }: { readonly source: Pick<SourceFile, 'path'> },
  temp: PrivateTemp,
): Promise<EditorCall> {
  const { host } = workspace
  const repository = await workspace.repository(source.path)
  // The repository's own settings are not asked: what lies in a folder that somebody gave us starts no program.
  const args = ['config', '--global', '--null', '--get', 'core.editor']
  const git = await repository?.git(args, { exitCodes: [0, 1] }).catch(() => undefined)
  const gitEditor = git && Buffer.from(git.stdout).toString().replace(/\0$/, '')
  const { editor: userEditor } = await loadUserConfig(host)
  const editor = await prepareEditor(host, temp.path, { gitEditor, userEditor })
  for (const warning of editor.warnings) workspace.warn(warning)
  if (temp.onDisk && host.platform === 'linux') {
    workspace.warn('there is no file system in memory here: while you edit, the plaintext lies on a disk')
  }
  return editor
}

/** What the editor left. A text that is not UTF-8 is given as nearly as possible, with the problem. */
async function readEdited({ path }: PrivateTemp): Promise<{ text: string; problem: KmsfileError | undefined }> {
  let bytes: Uint8Array | undefined
  try {
    bytes = await readFile(path)
    return { text: decodeText(bytes, path), problem: undefined }
  } catch (error) {
    if (!(error instanceof KmsfileError)) throw error
    if (bytes === undefined) throw new KmsfileError('the editor left no file', { code: 'EDITOR_FAILED', cause: error })
    const { message, code, hint, line, column } = error
    const problem = new KmsfileError(message, { code, hint, line, column })
    return { text: Buffer.from(bytes).toString('utf8'), problem }
  }
}

async function encryptOrProblem(copy: WorkingCopy, text: string): Promise<WrittenFile | KmsfileError> {
  try {
    return await copy.encrypt(text)
  } catch (error) {
    if (!(error instanceof KmsfileError)) throw error
    if (error.code !== 'FILE_ALREADY_ENCRYPTED') return error
    const message = `the text has a key "${ENVELOPE_KEY}" of its own, where the metadata must go`
    return new KmsfileError(message, { code: 'FORMAT_UNSUPPORTED', hint: 'rename the key', cause: error })
  }
}

async function save(
  workspace: Workspace,
  copy: WorkingCopy,
  { edited, written }: { edited: string; written: WrittenFile },
): Promise<EditResult> {
  await saveWorkingCopy(workspace, copy, written.text)
  const changes = changesOf(copy.source.format, copy.plaintext, edited)
  return { outcome: 'saved', created: !copy.exists, written, changes, added: copy.added }
}

function changesOf(format: Format, before: string, after: string): readonly TreeChange[] | undefined {
  try {
    const [old, now] = [before, after].map((text) => ({ documents: format.scan(text).documents, text }))
    return old && now && compareTrees(old, now)
  } catch (error) {
    if (error instanceof KmsfileError) return undefined
    throw error
  }
}

/** The same error, which also says where the edited text is. */
function rescued(workspace: Workspace, error: unknown, path: string): unknown {
  const hint = `see your edit, which is kept encrypted: kmsfile decrypt ${path}`
  if (error instanceof KmsfileError) return Object.create(error, { hint: { value: hint, enumerable: true } })
  workspace.warn('the edit could not be saved', { hint })
  return error
}
