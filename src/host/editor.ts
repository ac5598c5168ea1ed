import { spawn } from 'node:child_process'
import { access, constants, stat } from 'node:fs/promises'
import { basename, isAbsolute, join, resolve } from 'node:path'
import { KmsfileError } from '../errors.ts'
import { run } from './child-process.ts'
import { isAmbiguousEditor, precautionsFor } from './editor-precautions.ts'
import type { Host } from './host.ts'
import { interrupted } from './interrupt.ts'
import { shellWords } from './shell-words.ts'

const VARIABLES = ['KMSFILE_EDITOR', 'SOPS_EDITOR', 'VISUAL', 'EDITOR']
const VERSION_TIMEOUT_MS = 2000

export interface EditorChoice {
  /** git's `core.editor`. */
  readonly gitEditor?: string | undefined
  /** From the user's own configuration. */
  readonly userEditor?: string | undefined
}

/** An editor, ready to be started on one file. */
export interface EditorCall {
  /** Absolute path of the program. */
  readonly program: string
  readonly args: readonly string[]
  /** Besides the host's. */
  readonly env: Readonly<Record<string, string>>
  /** Where copies of the text may stay behind all the same; to be shown before the start. */
  readonly warnings: readonly string[]
}

/**
 * Finds the user's editor: `KMSFILE_EDITOR`, `SOPS_EDITOR`, `VISUAL`, `EDITOR`, git's, the configured one, what is installed;
 * and what it must be told to leave no copy of the text anywhere but in the folder of `file` (an absolute path).
 *
 * @throws KmsfileError `EDITOR_NOT_FOUND`: none is there, or the one that was named is not
 */
export async function prepareEditor(
  host: Pick<Host, 'env' | 'platform' | 'cwd' | 'homeDir'>,
  file: string,
  choice: EditorChoice = {},
): Promise<EditorCall> {
  const { program, args: ownArgs } = await findEditor(host, choice)
  const name = basename(program)
    .replace(/\.(exe|cmd|bat)$/i, '')
    .toLowerCase()
  const version = isAmbiguousEditor(name) ? await versionOf(program, host.env) : ''
  const { args, env, warnings } = await precautionsFor({ ...host, name, version, file, args: ownArgs })
  return { program, args: [...args, ...ownArgs, file], env, warnings }
}

/**
 * Runs an editor on the terminal, until it ends.
 *
 * @throws KmsfileError `EDITOR_FAILED` unless it ends with 0, `EDITOR_NOT_FOUND` where it cannot be started, `INTERRUPTED`
 */
export async function runEditor(
  host: Pick<Host, 'env' | 'cwd' | 'signal' | 'inForeground'>,
  { program, args, env }: EditorCall,
): Promise<void> {
  if (host.signal.aborted) throw interrupted()
  const { inForeground = (action) => action() } = host
  await inForeground(
    () =>
      new Promise<void>((done, fail) => {
        const child = spawn(program, args, { stdio: 'inherit', cwd: host.cwd, env: { ...host.env, ...env } })
        const stop = () => {
          child.kill()
          // One that does not want to end is not waited for.
          child.unref()
          fail(interrupted())
        }
        host.signal.addEventListener('abort', stop, { once: true })
        child.once('error', (cause) => {
          host.signal.removeEventListener('abort', stop)
          fail(notFound(`${program} cannot be started`, cause))
        })
        child.once('exit', (code, signal) => {
          host.signal.removeEventListener('abort', stop)
          if (code === 0) done()
          else if (signal === 'SIGINT') fail(interrupted())
          else fail(failed(program, code === null ? `was ended by ${signal}` : `ended with exit code ${code}`))
        })
      }),
  )
}

async function findEditor(
  host: Pick<Host, 'env' | 'platform' | 'cwd'>,
  { gitEditor, userEditor }: EditorChoice,
): Promise<{ readonly program: string; readonly args: readonly string[] }> {
  const named = [
    ...VARIABLES.map((name) => [name, host.env[name]] as const),
    ['core.editor of git', gitEditor] as const,
    ['the configuration', userEditor] as const,
  ].find(([, command]) => command?.trim())
  if (named !== undefined) {
    const [source, command = ''] = named
    const words = shellWords(command, host)
    if (words === undefined) throw notFound(`the editor of ${source} has a quote that does not end`)
    const program = await findProgram(words[0] ?? '', host)
    if (program === undefined) throw notFound(`the editor of ${source} is not there: ${words[0]}`)
    return { program, args: words.slice(1) }
  }
  for (const name of host.platform === 'win32' ? ['notepad'] : ['vim', 'nvim', 'vi', 'nano']) {
    const program = await findProgram(name, host)
    if (program !== undefined) return { program, args: [] }
  }
  throw notFound('no editor was found')
}

/** As a shell finds programs, but for folders of PATH that depend on where we are: a repository must not bring an editor. */
async function findProgram(
  name: string,
  { env, platform, cwd }: Pick<Host, 'env' | 'platform' | 'cwd'>,
): Promise<string | undefined> {
  const windows = platform === 'win32'
  const suffixes = windows ? ['', ...(env['PATHEXT'] ?? '.COM;.EXE').split(';')] : ['']
  const anywhere = windows ? /[\\/]/ : /\//
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(windows ? ';' : ':').filter((folder) => isAbsolute(folder))
  for (const path of anywhere.test(name) ? [resolve(cwd, name)] : folders.map((folder) => join(folder, name))) {
    for (const suffix of suffixes) if (await isProgram(path + suffix)) return path + suffix
  }
  return undefined
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

async function versionOf(program: string, env: Host['env']): Promise<string> {
  try {
    const { stdout, stderr } = await run(program, ['--version'], { env, timeoutMs: VERSION_TIMEOUT_MS })
    return Buffer.from(stdout).toString('latin1') + stderr
  } catch {
    return ''
  }
}

function notFound(message: string, cause?: unknown): KmsfileError {
  return new KmsfileError(message, {
    code: 'EDITOR_NOT_FOUND',
    hint: 'name one: KMSFILE_EDITOR=nano kmsfile edit FILE',
    cause,
  })
}

function failed(program: string, how: string): KmsfileError {
  return new KmsfileError(`the editor ${basename(program)} ${how}`, { code: 'EDITOR_FAILED' })
}
