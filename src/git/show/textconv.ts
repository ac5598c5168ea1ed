import { basename, resolve } from 'node:path'
import { readFile } from '../../host/files.ts'
import type { Workspace } from '../../operations/workspace.ts'
import { revealer } from './revealed.ts'

/** Switches decrypted diffs off, for one command or for all. */
export const TEXTCONV_VARIABLE = 'KMSFILE_TEXTCONV'

/**
 * What git is to compare instead of a file: its values, or placeholders for them. The workspace is one that asks nobody and
 * waits for nobody long.
 *
 * In a hook of a commit, git's diffs are read by programs: lint-staged applies them as patches, scanners look for secrets in
 * them. There, as where it is switched off, a file is what it is.
 *
 * @throws KmsfileError those of `host/files`
 */
export async function textconv(workspace: Workspace, file: string): Promise<string | Uint8Array> {
  const { env, cwd } = workspace.host
  const bytes = await readFile(resolve(cwd, file))
  if (env['GIT_INDEX_FILE'] !== undefined || env[TEXTCONV_VARIABLE] === 'off') return bytes
  const hide = env[TEXTCONV_VARIABLE] === 'redacted' || (await hidesValues(workspace))
  const { text } = await revealer(workspace, { hide }).reveal(bytes, basename(file))
  return text
}

/** Whether somebody wants diffs without values in this repository. Where git cannot say, nobody does. */
export async function hidesValues({ host, repository }: Pick<Workspace, 'host' | 'repository'>): Promise<boolean> {
  const found = await repository(host.cwd)
  return (await found?.config('kmsfile.diff').catch(() => undefined)) === 'redacted'
}
