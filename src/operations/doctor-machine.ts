import { join } from 'node:path'
import { loadUserConfig } from '../config/user-config.ts'
import { prepareEditor } from '../host/editor.ts'
import { nodeVersion } from '../host/machine.ts'
import { withPrivateTemp } from '../host/private-temp.ts'
import type { Repository } from '../vcs/repository.ts'
import { type Check, problemOf } from './doctor-check.ts'
import type { Workspace } from './workspace.ts'

const OLDEST_NODE = [20, 19] as const

/** Versions, the user's own configuration, and what becomes of plaintext while somebody edits. */
export async function checkMachine(
  workspace: Workspace,
  { version }: { readonly version: string },
): Promise<readonly Check[]> {
  const { host } = workspace
  return [checkVersions(version), checkClock(host.now()), ...(await checkEditing(workspace))]
}

function checkVersions(version: string): Check {
  const node = nodeVersion()
  const [major = 0, minor = 0] = node.split('.').map(Number)
  const [oldestMajor, oldestMinor] = OLDEST_NODE
  const message = `kmsfile ${version} on Node ${node}`
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor))
    return { about: 'version', state: 'ok', message }
  return { about: 'version', state: 'problem', message, hint: `update Node to ${OLDEST_NODE.join('.')} or newer` }
}

/** Signatures for AWS hold for a few minutes, and files carry the time at which they were changed. */
function checkClock(now: Date): Check {
  const plausible = now.getUTCFullYear() >= 2024 && now.getUTCFullYear() < 2100
  const message = `the clock says ${now.toISOString().slice(0, 16).replace('T', ' ')} UTC`
  return plausible
    ? { about: 'clock', state: 'ok', message }
    : { about: 'clock', state: 'problem', message, hint: 'set the clock of this machine' }
}

async function checkEditing({ host, repository }: Workspace): Promise<readonly Check[]> {
  const checks: Check[] = []
  const userEditor = await loadUserConfig(host).then(
    ({ editor }) => editor,
    (error) => {
      checks.push(problemOf('config', error))
      return undefined
    },
  )
  const gitEditor = await gitEditorOf(await repository(join(host.cwd, 'x')))
  if (gitEditor?.own === false) {
    checks.push({
      about: 'editor',
      state: 'warning',
      message: "this repository's own git configuration names an editor, which was not looked at",
      hint: 'name yours, which goes first: KMSFILE_EDITOR',
    })
  }
  try {
    await withPrivateTemp(host, { name: 'secrets.yaml', content: '' }, async ({ path, onDisk, mayBeSwapped }) => {
      checks.push(plaintextCheck(onDisk, mayBeSwapped))
      checks.push(
        ...(await checkEditor({ host, path, userEditor, gitEditor: gitEditor?.own ? gitEditor.command : undefined })),
      )
    })
  } catch (error) {
    checks.push(problemOf('plaintext', error))
  }
  return checks
}

/**
 * git's `core.editor`, and whether it is the user's own. One in the repository may be anybody's, who unpacked it with the
 * rest, and looking for its version would start it.
 */
async function gitEditorOf(repository: Repository | undefined) {
  // --show-scope: where it was set; --null: the command may have line breaks. 1: it is not set.
  const args = ['config', '--null', '--show-scope', '--get', 'core.editor']
  // Without git, or where it refuses the repository, the repository's own check says so.
  const found = await repository?.git(args, { exitCodes: [0, 1] }).catch(() => undefined)
  if (found === undefined || found.exitCode === 1) return undefined
  const [scope = '', command = ''] = Buffer.from(found.stdout).toString('utf8').split('\0')
  return { command, own: scope === 'global' || scope === 'system' }
}

function plaintextCheck(onDisk: boolean, mayBeSwapped: boolean): Check {
  if (onDisk) {
    return {
      about: 'plaintext',
      state: 'warning',
      message: 'while you edit, plaintext lies on a disk: there is no temporary folder in memory',
      hint: 'encrypt the disk, or mount a tmpfs at XDG_RUNTIME_DIR',
    }
  }
  if (mayBeSwapped) {
    return {
      about: 'plaintext',
      state: 'warning',
      message: 'while you edit, plaintext lies in memory, which this machine may write to its swap area',
      hint: 'encrypt the swap area, or swap to zram',
    }
  }
  return { about: 'plaintext', state: 'ok', message: 'while you edit, plaintext lies in memory' }
}

async function checkEditor({
  host,
  path,
  gitEditor,
  userEditor,
}: Pick<Workspace, 'host'> & { path: string; gitEditor: string | undefined; userEditor: string | undefined }): Promise<
  readonly Check[]
> {
  try {
    const { program, warnings } = await prepareEditor(host, path, { gitEditor, userEditor })
    if (warnings.length === 0) return [{ about: 'editor', state: 'ok', message: `editor ${program}` }]
    return warnings.map((warning) => ({ about: 'editor', state: 'warning', message: warning.replace(/\.$/, '') }))
  } catch (error) {
    // Only edit needs one.
    return [{ ...problemOf('editor', error), state: 'warning' }]
  }
}
