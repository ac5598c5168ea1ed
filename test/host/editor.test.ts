import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type EditorChoice, prepareEditor, runEditor } from '../../src/host/editor.ts'
import { hostIn, scratch, type TestHost } from './scratch.ts'

const coded = (code: string) => expect.objectContaining({ code })

/** Writes an editor: a shell script. Its path. */
function editor(folder: string, name: string, script = 'exit 0'): string {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

/** A machine on which nothing but `programs` is installed. */
function hostWith(programs: Readonly<Record<string, string>>, env: Record<string, string> = {}): TestHost {
  const folder = scratch()
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  for (const [name, script] of Object.entries(programs)) editor(bin, name, script)
  return hostIn(folder, { env: { PATH: bin, ...env } })
}

const FILE = '/run/kmsfile-1/prod.yaml'
const VIM = 'echo "VIM - Vi IMproved 9.1"'

describe.skipIf(process.platform === 'win32')('the editor', () => {
  test('is the first that somebody has named, in order', async () => {
    const all = { KMSFILE_EDITOR: 'one', SOPS_EDITOR: 'two', VISUAL: 'three', EDITOR: 'four' }
    const choice: EditorChoice = { gitEditor: 'five', userEditor: 'six' }
    const names = ['one', 'two', 'three', 'four', 'five', 'six', 'vim', 'nvim', 'vi', 'nano']
    const host = hostWith(Object.fromEntries(names.map((name) => [name, 'exit 0'])), all)
    const found: string[] = []
    const env: Record<string, string | undefined> = { ...host.env }
    const left: { gitEditor?: string | undefined; userEditor?: string | undefined } = { ...choice }
    for (const step of [...Object.keys(all), 'gitEditor', 'userEditor', 'none']) {
      found.push((await prepareEditor({ ...host, env }, FILE, left)).program)
      // Nothing, and nothing but blanks, is no name.
      env[step] = step === 'VISUAL' ? ' ' : ''
      if (step === 'gitEditor' || step === 'userEditor') left[step] = ''
    }
    expect(found.map((path) => path.split('/').at(-1))).toEqual(['one', 'two', 'three', 'four', 'five', 'six', 'vim'])
  })

  test.each([
    [['vim', 'nvim', 'vi', 'nano'], 'vim'],
    [['nvim', 'vi', 'nano'], 'nvim'],
    [['vi', 'nano'], 'vi'],
    [['nano'], 'nano'],
  ])('is, of %j and named nowhere, %s', async (installed, first) => {
    const host = hostWith(Object.fromEntries(installed.map((name) => [name, 'exit 0'])))
    expect((await prepareEditor(host, FILE)).program).toBe(join(host.cwd, 'bin', first))
  })

  test('may have arguments, quotes and a path with spaces, and gets the file last', async () => {
    const host = hostWith({})
    const program = editor(host.cwd, 'my editors/ed it', 'exit 0')
    const call = await prepareEditor({ ...host, env: { EDITOR: `"${program}" -x 'a b'` } }, FILE)
    expect(call).toMatchObject({ program, args: ['-x', 'a b', FILE] })
  })

  test('may be named relative to the working directory', async () => {
    const host = hostWith({}, { EDITOR: './ed -x' })
    editor(host.cwd, 'ed')
    expect((await prepareEditor(host, FILE)).program).toBe(join(host.cwd, 'ed'))
  })

  test('is not looked for in folders of PATH that depend on the working directory', async () => {
    const host = hostWith({})
    editor(host.cwd, 'node_modules/.bin/vim')
    const env = { PATH: 'node_modules/.bin:.::' }
    await expect(prepareEditor({ ...host, env }, FILE)).rejects.toEqual(coded('EDITOR_NOT_FOUND'))
  })

  test.each(['none', '/none/at/all', './none', 'vim "', '/'])('is missed when it is named %j', async (EDITOR) => {
    const host = hostWith({ vim: 'exit 0' }, { EDITOR })
    await expect(prepareEditor({ ...host, env: { ...host.env, EDITOR } }, FILE)).rejects.toEqual(
      coded('EDITOR_NOT_FOUND'),
    )
  })

  test('gets the terminal, the environment and the file, and its work stays', async () => {
    const folder = scratch()
    const file = join(folder, 'a.yaml')
    writeFileSync(file, 'old')
    const host = hostWith({ ed: `printf '%s' "$WHO $TMPDIR" > "$1"` }, { EDITOR: 'ed', WHO: 'me' })
    await runEditor(host, await prepareEditor(host, file))
    expect(readFileSync(file, 'utf8')).toBe(`me ${folder}`)
  })

  test.each([['exit 3'], ['kill -9 $$']])('has failed after %s', async (script) => {
    const host = hostWith({ bad: script }, { EDITOR: 'bad' })
    await expect(runEditor(host, await prepareEditor(host, FILE))).rejects.toEqual(coded('EDITOR_FAILED'))
  })

  test('is not found where the system cannot start it', async () => {
    const host = hostWith({}, { EDITOR: './broken' })
    editor(host.cwd, 'broken')
    writeFileSync(join(host.cwd, 'broken'), '#!/none/such\n')
    await expect(runEditor(host, await prepareEditor(host, FILE))).rejects.toEqual(coded('EDITOR_NOT_FOUND'))
  })

  test('is ended by an interruption', async () => {
    const folder = scratch()
    const host = hostWith({ slow: `echo $$ > "${folder}/pid"; exec sleep 100` }, { EDITOR: 'slow' })
    const env = { ...host.env, PATH: `${host.env['PATH']}:${process.env['PATH']}` }
    const running = runEditor({ ...host, env }, await prepareEditor(host, FILE))
    running.catch(() => {})
    const pid = () => Number(existsSync(join(folder, 'pid')) ? readFileSync(join(folder, 'pid'), 'utf8') : '')
    await expect.poll(pid).toBeGreaterThan(0)
    host.abort()
    await expect(running).rejects.toEqual(coded('INTERRUPTED'))
    await expect.poll(() => spawnSync('kill', ['-0', String(pid())]).status).toBe(1)
  })

  test('has Ctrl-C to itself while it runs', async () => {
    const order: string[] = []
    const host = hostWith({ ed: 'exit 0' }, { EDITOR: 'ed' })
    const inForeground = async <T>(action: () => Promise<T>): Promise<T> => {
      order.push('given away')
      const result = await action()
      order.push('taken back')
      return result
    }
    await runEditor({ ...host, inForeground }, await prepareEditor(host, FILE))
    expect(order).toEqual(['given away', 'taken back'])
  })
})

describe.skipIf(process.platform === 'win32')('an editor is told to leave no copies:', () => {
  const call = async (name: string, script = 'exit 0', ownArgs = '') => {
    const host = hostWith({ [name]: script }, { EDITOR: `${name} ${ownArgs}` })
    return { host, ...(await prepareEditor(host, FILE)) }
  }

  test.each(['vim', 'nvim', 'vim.basic', 'gvim'])('%s', async (name) => {
    const { args, warnings } = await call(name, 'exit 0', '-u x')
    expect(args.join(' ')).toContain('-n -i NONE -c set noswapfile nobackup nowritebackup noundofile')
    expect(args.slice(-3)).toEqual(['-u', 'x', FILE])
    expect(args.includes('-f')).toBe(name === 'gvim')
    expect(warnings).toEqual([])
  })

  test('vi, where it is Vim', async () => {
    expect((await call('vi', VIM)).args).toContain('-n')
  })

  test('vi, where it is nvi, whose own settings stay', async () => {
    const nvi = 'echo "usage: ex [-eFRrSsv] [-c command]" >&2; exit 1'
    const { args, env, host } = await call('vi', nvi)
    expect(args).toEqual([FILE])
    expect(env['NEXINIT']).toBe('set recdir=/run/kmsfile-1 directory=/run/kmsfile-1')
    writeFileSync(join(host.homeDir, '.exrc'), '')
    expect((await prepareEditor(host, FILE)).env['NEXINIT']).toMatch(/^source .*\.exrc\|set recdir=/)
    const own = { ...host, env: { ...host.env, EXINIT: 'set ai' } }
    expect((await prepareEditor(own, FILE)).env['NEXINIT']).toMatch(/^set ai\|set recdir=/)
  })

  test('vi, where it is BusyBox’s, which leaves none', async () => {
    const { args, warnings } = await call('vi', 'echo "BusyBox v1.35.0 multi-call binary. Usage: vi" >&2; exit 1')
    expect([args, warnings]).toEqual([[FILE], []])
  })

  test('vi, where nobody knows which it is, with a warning', async () => {
    const { args, warnings } = await call('vi', 'exit 1')
    expect(args).toEqual([FILE])
    expect(warnings).toHaveLength(1)
  })

  test('nano, and with a warning where it keeps a history in an old place', async () => {
    const { args, env, warnings, host } = await call('nano', 'echo " GNU nano, version 7.2"')
    expect(args).toEqual(['--backupdir=/run/kmsfile-1', FILE])
    expect(env).toEqual({ TMPDIR: '/run/kmsfile-1', XDG_DATA_HOME: '/run/kmsfile-1' })
    expect(warnings).toEqual([])
    mkdirSync(join(host.homeDir, '.nano'))
    expect((await prepareEditor(host, FILE)).warnings).toHaveLength(1)
  })

  test('nano, where it is pico, which does not know the option', async () => {
    expect((await call('nano', 'exit 255')).args).toEqual([FILE])
  })

  test.each(['code', 'codium', 'cursor', 'code-insiders'])('%s, which must wait, with a warning', async (name) => {
    for (const own of ['', '--wait', '-w']) {
      const { args, env, warnings } = await call(name, 'exit 0', own)
      expect(args.filter((arg) => arg === '--wait' || arg === '-w')).toHaveLength(1)
      // It outlives the folder.
      expect(env).toEqual({})
      expect(warnings.join()).toContain('workbench.localHistory')
    }
  })

  test('subl, which must wait, with a warning', async () => {
    const { args, warnings } = await call('subl')
    expect(args).toEqual(['--wait', FILE])
    expect(warnings).toHaveLength(1)
  })

  test('an unknown one, with a warning that names it', async () => {
    const { warnings } = await call('ne')
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('ne ')
  })

  test('a program that is no editor, which leaves none', async () => {
    expect((await call('cp', 'exit 0', 'new.yaml')).warnings).toEqual([])
  })
})

/** Real editors, in all their hostility: what they are told must win over what their user's files say. */
const VIMRC = `
set nocompatible backup writebackup backupdir=~/bak undofile undodir=~/undo swapfile directory=~/swap updatecount=1
set viminfo='100,<1000,s100,f1 backupcopy=no patchmode=.orig
autocmd BufRead * setlocal undofile swapfile
`
const NANORC = 'set backup\nset backupdir "HOME/bak"\nset historylog\nset positionlog\n'
const EMACS = `
(setq backup-directory-alist '(("." . "~/bak")) make-backup-files t auto-save-default t backup-by-copying t)
(setq auto-save-file-name-transforms '((".*" "~/bak/" t)) savehist-additional-variables '(kill-ring) desktop-path '("~/"))
(savehist-mode 1)
(add-hook 'emacs-startup-hook (lambda () (savehist-mode 1)))
`

const python = process.platform === 'linux' && spawnSync('python3', ['-c', 'import pty']).status === 0
const has = (name: string, version: RegExp) => {
  const { stdout } = spawnSync(name, ['--version'], { encoding: 'utf8' })
  return python && version.test(stdout ?? '')
}

/** Runs a command on a new terminal and types each part once the screen has had nothing new for a while. */
const TYPE = `
import os, pty, select, sys, json
call = json.load(sys.stdin)
pid, fd = pty.fork()
if pid == 0: os.execve(call['program'], [call['program']] + call['args'], call['env'])
keys = call['keys']
# The first wait is for the editor to show itself, the last for it to end.
quiet = 60
while True:
    if select.select([fd], [], [], quiet)[0]:
        quiet = 0.3 if keys else 60
        try: part = os.read(fd, 10000)
        except OSError: break
        if not part: break
    elif keys:
        os.write(fd, keys.pop(0).encode())
        quiet = 0.3 if keys else 60
    else: os.kill(pid, 9)
print(os.waitpid(pid, 0)[1])
`

describe('a real editor leaves nothing of the text in the home of its user', () => {
  const edit = async (program: string, keys: readonly string[], rc: Readonly<Record<string, string>>) => {
    const home = scratch()
    for (const folder of ['bak', 'undo', 'swap']) mkdirSync(join(home, folder))
    for (const [name, text] of Object.entries(rc)) {
      mkdirSync(dirname(join(home, name)), { recursive: true })
      writeFileSync(join(home, name), text.replaceAll('HOME', home))
    }
    const file = join(scratch(), 'a.yaml')
    writeFileSync(file, 'password: OLD-SECRET\n')
    const env = { PATH: process.env['PATH'], HOME: home, TERM: 'xterm', LANG: 'C' }
    const host = hostIn(home, { env: { ...env, EDITOR: program } })
    const call = await prepareEditor(host, file)
    const input = JSON.stringify({ ...call, env: { ...env, ...call.env }, keys })
    const { stdout } = spawnSync('python3', ['-c', TYPE], { input, encoding: 'utf8' })
    expect(stdout.trim()).toBe('0')
    expect(readFileSync(file, 'utf8')).toContain('NEW-SECRET')
    const left = spawnSync('grep', ['-rlaE', 'OLD-SECRET|NEW-SECRET', home], { encoding: 'utf8' })
    expect(left.stdout).toBe('')
    return { home, file }
  }
  const vimKeys = [':%s/OLD-SECRET/NEW-SECRET/\r', 'yy', ':%!sort\r', ':w\r', 'oNEW-SECRET\x1b', ':wq\r']

  test.runIf(has('vim', /VIM/))('vim, where it is installed', async () => {
    await edit('vim', vimKeys, { '.vimrc': VIMRC })
  })

  test.runIf(has('nvim', /NVIM/))('nvim, where it is installed', async () => {
    await edit('nvim', vimKeys, { '.config/nvim/init.vim': VIMRC.replace('viminfo', 'shada') })
  })

  // As root, nano takes its settings from the home in the password file instead of HOME.
  test.runIf(has('nano', /GNU nano/) && process.getuid?.() !== 0)(
    'nano, where it is installed, but for root',
    async () => {
      const keys = ['NEW-SECRET', '\x17OLD-SECRET\r', '\x0f', '\r', '\x18']
      const { file } = await edit('nano', keys, { '.nanorc': NANORC })
      expect(readdirSync(dirname(file)).some((name) => name.endsWith('~'))).toBe(true)
    },
  )

  test.runIf(has('emacs', /GNU Emacs/))('emacs, where it is installed', async () => {
    const keys = ['\x0b', 'password: NEW-SECRET', '\x18\x13', '\x18\x03']
    await edit('emacs -nw', keys, { '.emacs': EMACS })
  })
})

test.skipIf(process.platform === 'win32')(
  'an editor that is a link is judged by the name that it was called by',
  async () => {
    const host = hostWith({ 'busybox-like': 'echo "$0"' })
    symlinkSync(join(host.cwd, 'bin/busybox-like'), join(host.cwd, 'bin/vim'))
    expect((await prepareEditor(host, FILE)).program).toBe(join(host.cwd, 'bin/vim'))
  },
)
