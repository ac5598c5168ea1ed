import { lstat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** What an editor is told so that no copy of the text stays anywhere but in the folder of the file. */
export interface Precautions {
  /** Before the user's own arguments. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** What cannot be prevented, for the user; one sentence each. */
  readonly warnings: readonly string[]
}

export interface EditorFacts {
  /** The name of the program, without folder and extension. */
  readonly name: string
  /** What the program said when it was asked for its version; empty where it was not asked. */
  readonly version: string
  /** Absolute path of the file that will be edited. */
  readonly file: string
  /** The user's own arguments. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly homeDir: string
}

/** Programs whose name does not say which editor they are. */
const AMBIGUOUS: ReadonlySet<string> = new Set(['vi', 'ex', 'nano', 'editor', 'sensible-editor'])

/** Editors that return at once, while the file is still open, unless they are told to wait. */
const WAIT = /^(code(-insiders|-oss)?|(vs)?codium|cursor|windsurf|positron|zed|subl|mate|bbedit|gedit)$/
const CODE = /^(code(-insiders|-oss)?|(vs)?codium|cursor|windsurf|positron)$/

/** Not editors, but used as such in scripts: they leave nothing. */
const PLAIN: ReadonlySet<string> = new Set(['cat', 'cp', 'ed', 'sed', 'tee', 'true', 'false'])

/** Whether the program must be run with `--version` before {@link precautionsFor} can judge it. */
export function isAmbiguousEditor(name: string): boolean {
  return AMBIGUOUS.has(name)
}

/** What is known about an editor's copies; for one that is not known, a warning. */
export async function precautionsFor(facts: EditorFacts): Promise<Precautions> {
  const { name, version, file } = facts
  // Editors that end with the call keep what they filter or page through there; others outlive the folder.
  const env = { TMPDIR: dirname(file) }
  if (/^[gmn]?vimx?(\.\w+)?$/.test(name) || /VIM/.test(version)) return { args: vimArgs(name), env, warnings: [] }
  if (/GNU nano/.test(version)) return nano(facts, env)
  if (name === 'nvi' || /usage: (ex|vi)/.test(version)) return nvi(facts, env)
  if (name === 'emacs' || /GNU Emacs/.test(version)) return { args: ['--eval', EMACS_SETTINGS], env, warnings: [] }
  if (name === 'micro') return { args: MICRO_ARGS, env, warnings: [] }
  if (CODE.test(name)) return { args: waitArgs(facts), env: {}, warnings: [codeWarning(name)] }
  if (PLAIN.has(name) || /BusyBox/.test(version)) return { args: [], env, warnings: [] }
  return {
    args: waitArgs(facts),
    env: {},
    warnings: [
      `${name} may keep copies of the text (backups, history, undo): kmsfile does not know how to prevent that.`,
    ],
  }
}

/*
 * -n, noswapfile: no swap file. -i NONE, viminfo=, shada=: registers and the history of commands are not written. nobackup,
 * nowritebackup, patchmode=: no copy of the old text. noundofile: no undo tree. nomodeline: the text sets no options. As
 * commands they come after the user's vimrc and its autocommands, which would win over the options alone. viminfo is shada in
 * Neovim; either does not know the other's name, and one unknown name would end the whole `set`.
 */
function vimArgs(name: string): readonly string[] {
  const settings = 'set noswapfile nobackup nowritebackup noundofile nomodeline patchmode='
  const foreground = /^[gm]/.test(name) ? ['-f'] : []
  const commands = [settings, 'silent! set viminfo=', 'silent! set shada=']
  return [...foreground, '-n', '-i', 'NONE', ...commands.flatMap((command) => ['-c', command])]
}

/** nano's settings cannot be switched off from outside, but its folders can be moved: for backups, and for what was searched. */
async function nano({ file, homeDir }: EditorFacts, env: Readonly<Record<string, string>>): Promise<Precautions> {
  const folder = dirname(file)
  const history = join(homeDir, '.nano')
  const old = await lstat(history).catch(() => undefined)
  return {
    args: [`--backupdir=${folder}`],
    env: { ...env, XDG_DATA_HOME: folder },
    warnings: old?.isDirectory() ? [`nano may keep what you search for in ${history}.`] : [],
  }
}

/** nvi copies the text to a folder for recovery as soon as it opens it; only this variable is read before that. */
async function nvi({ file, env, homeDir }: EditorFacts, base: Readonly<Record<string, string>>): Promise<Precautions> {
  const folder = dirname(file)
  const safe = /^[\w./-]+$/
  const commands: string[] = []
  const own = env['NEXINIT'] || env['EXINIT']
  if (own) commands.push(own)
  else {
    // Otherwise the user's file would not be read any more.
    for (const rc of [join(homeDir, '.nexrc'), join(homeDir, '.exrc')]) {
      if (safe.test(rc) && (await lstat(rc).catch(() => undefined))) {
        commands.push(`source ${rc}`)
        break
      }
    }
  }
  if (!safe.test(folder)) return { args: [], env: base, warnings: ['nvi keeps a copy for recovery while you edit.'] }
  const settings = `set recdir=${folder} directory=${folder}`
  return { args: [], env: { ...base, NEXINIT: [...commands, settings].join('|') }, warnings: [] }
}

/** Modes that are switched on later than the command line is read would win over variables: so their writers do nothing. */
const EMACS_SETTINGS = [
  '(progn',
  '(setq make-backup-files nil auto-save-default nil create-lockfiles nil auto-save-list-file-prefix nil)',
  "(add-hook 'find-file-hook (lambda () (auto-save-mode -1)) t)",
  "(mapc (lambda (writer) (advice-add writer :override #'ignore))",
  "'(auto-save-mode backup-buffer savehist-save desktop-save undo-tree-save-history undo-fu-session-save)))",
].join(' ')

const MICRO_ARGS = ['backup', 'permbackup', 'saveundo', 'savehistory'].flatMap((option) => [`-${option}`, 'off'])

function waitArgs({ name, args }: EditorFacts): readonly string[] {
  return WAIT.test(name) && !args.includes('--wait') && !args.includes('-w') ? ['--wait'] : []
}

function codeWarning(name: string): string {
  return (
    `${name} keeps copies of the text outside the file: set "workbench.localHistory.exclude": {"**/kmsfile-*/**": true}, ` +
    '"files.hotExit": "off" and "files.autoSave": "off", and mind extensions that send text away.'
  )
}
