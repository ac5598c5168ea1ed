import { spawn, spawnSync } from 'node:child_process'
import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { openTerminal } from '../../src/host/terminal.ts'
import { type TerminalStreams, terminalOver } from '../../src/host/terminal-streams.ts'
import { hostIn, program, scratch } from './scratch.ts'

const coded = (code: string) => expect.objectContaining({ code })

/** A terminal of streams, with a record of what happened to it, in order. */
function fakeTerminal(host = hostIn(scratch())) {
  const record: string[] = []
  const opened: PassThrough[] = []
  const open = (): TerminalStreams => {
    const input = new PassThrough()
    opened.push(input)
    record.push('open')
    const output = new PassThrough()
    output.on('data', (text) => record.push(String(text)))
    return { input, output, setEcho: (on) => record.push(on ? 'echo' : 'no echo'), close: () => record.push('close') }
  }
  return {
    terminal: terminalOver(open, host.signal),
    record,
    type: (text: string) => opened.at(-1)?.write(text),
    opened,
  }
}

describe('a terminal', () => {
  test('asks, and gives the line', async () => {
    const { terminal, type, record } = fakeTerminal()
    const answer = terminal.ask('name? ')
    type('bob\n')
    expect(await answer).toBe('bob')
    expect(record).toEqual(['open', 'name? ', 'close'])
  })

  test('hides what is typed from before the question until after the answer', async () => {
    const { terminal, type, record } = fakeTerminal()
    const answer = terminal.askHidden('passphrase: ')
    type('hunter2\r')
    expect(await answer).toBe('hunter2')
    expect(record).toEqual(['open', 'no echo', 'passphrase: ', 'echo', '\n', 'close'])
  })

  test('shows again what is typed after Ctrl-C', async () => {
    const { terminal, type, record } = fakeTerminal()
    const answer = terminal.askHidden('? ')
    type('hun\x03')
    await expect(answer).rejects.toEqual(coded('INTERRUPTED'))
    expect(record.slice(-3)).toEqual(['echo', '\n', 'close'])
  })

  test('takes the end of the input for no answer', async () => {
    const { terminal, opened } = fakeTerminal()
    const answer = terminal.ask('? ')
    opened[0]?.end()
    await expect(answer).rejects.toEqual(coded('INPUT_NEEDED'))
  })

  test('keeps what is typed ahead for the next question', async () => {
    const { terminal, type } = fakeTerminal()
    const first = terminal.askHidden('? ')
    type('one\rtwo\r')
    expect([await first, await terminal.askHidden('? ')]).toEqual(['one', 'two'])
  })

  test('does not wait after an interruption', async () => {
    const host = hostIn(scratch())
    const { terminal, record } = fakeTerminal(host)
    const answer = terminal.askHidden('? ')
    host.abort()
    await expect(answer).rejects.toEqual(coded('INTERRUPTED'))
    expect(record.slice(-3)).toEqual(['echo', '\n', 'close'])
  })
})

const python = process.platform === 'linux' && spawnSync('python3', ['-c', 'import pty']).status === 0

/** Runs a program on a new terminal, answers each question once it is asked, and prints all that the screen shows. */
const ON_A_TERMINAL = `
import os, pty, sys
answers = sys.argv[2].split(',')
pid, fd = pty.fork()
if pid == 0:
    # stdin and stdout are not the terminal.
    os.dup2(os.open('/dev/null', os.O_RDWR), 0)
    os.dup2(os.open('/dev/null', os.O_RDWR), 1)
    os.execvp('node', ['node', sys.argv[1]])
screen = b''
while True:
    try: part = os.read(fd, 1000)
    except OSError: break
    if not part: break
    screen += part
    if answers and screen.endswith(b'? '): os.write(fd, answers.pop(0).encode().decode('unicode_escape').encode('latin1'))
os.waitpid(pid, 0)
sys.stdout.buffer.write(screen)
`

describe('the terminal of the process', () => {
  test.runIf(python)('is asked whatever stdin and stdout are, where there is python3 to make one', async () => {
    const child = await program(
      scratch(),
      `import { openTerminal } from '#src/host/terminal.ts'
       const terminal = openTerminal({ platform: process.platform, signal: new AbortController().signal })
       const name = await terminal.ask('name? ')
       const pass = await terminal.askHidden('pass? ')
       const end = await terminal.askHidden('end? ').catch((error) => error.code)
       console.error(name.toUpperCase(), pass.toUpperCase(), end)`,
    )
    const { stdout } = spawnSync('python3', ['-c', ON_A_TERMINAL, child, 'bob\\n,hunter3\\x7f2\\r,x\\x03'], {
      encoding: 'utf8',
    })
    expect(stdout.split(/\r\n/)).toEqual(['name? bob', 'pass? ', 'end? ', 'BOB HUNTER2 INTERRUPTED', ''])
  })

  test.runIf(process.platform === 'linux')('is none for a process that was started without one', async () => {
    const child = await program(
      scratch(),
      `import { openTerminal } from '#src/host/terminal.ts'
       console.log(openTerminal({ platform: process.platform, signal: new AbortController().signal }))`,
    )
    // A session of its own has no terminal.
    const detached = spawn('node', [child], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
    const said = await new Promise((resolve) => detached.stdout.once('data', (text) => resolve(String(text).trim())))
    expect(said).toBe('undefined')
  })

  test('does not break on a system without /dev/tty', () => {
    if (process.platform === 'win32') return
    expect(openTerminal({ platform: 'win32', signal: new AbortController().signal })).toBeUndefined()
  })
})
