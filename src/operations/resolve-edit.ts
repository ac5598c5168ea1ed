import { basename } from 'node:path'
import { KmsfileError } from '../errors.ts'
import { runEditor } from '../host/editor.ts'
import { readText } from '../host/files.ts'
import { withPrivateTemp } from '../host/private-temp.ts'
import { editorFor } from './edit.ts'
import type { OpenQuestion } from './resolve.ts'
import type { Workspace } from './workspace.ts'

/**
 * Has a person write what is to stand in the place of a conflict, in their editor, starting from our version, or theirs.
 * Undefined where they changed nothing.
 *
 * @throws KmsfileError those of `host/editor` and `host/private-temp`
 */
export async function editAnswer(
  workspace: Workspace,
  { path }: { readonly path: string },
  question: OpenQuestion,
): Promise<string | undefined> {
  const { env, platform, cwd } = workspace.host
  const content = question.show('ours') ?? question.show('theirs') ?? ''
  // Ends when the editor does, and that when the real signal aborts.
  const { signal } = new AbortController()
  return withPrivateTemp({ env, platform, cwd, signal }, { name: basename(path), content }, async (temp) => {
    const editor = await editorFor(workspace, { source: { path } }, temp)
    await runEditor(workspace.host, editor)
    const { text } = await readEdited(temp.path)
    return text === content ? undefined : text
  })
}

async function readEdited(path: string): Promise<{ readonly text: string }> {
  try {
    return await readText(path)
  } catch (error) {
    // Its path says nothing to anybody: it is gone when this is read.
    if (!(error instanceof KmsfileError)) throw error
    throw new KmsfileError('the editor left no text that can be read', { code: 'EDITOR_FAILED', cause: error })
  }
}
