/*
 * Transcripts: `*.txt` beside this file show the command line as people see it, and are run by transcripts.test.ts, each
 * in an empty home directory and an empty working directory of its own.
 *
 *   # What a reader should know. Comments and blank lines stand between commands, and end what a command prints.
 *
 *   $ kmsfile set secrets/prod.yaml db.port 5433
 *   ! secrets/prod.yaml: db.port changed
 *   $ kmsfile get secrets/prod.yaml nothing
 *   ! kmsfile: error: secrets/prod.yaml: there is nothing at nothing [PATH_NOT_FOUND]
 *   [4]
 *
 * Below a command stands what it prints, in the order in which it prints it:
 *
 *   text             a line on stdout
 *   ! text           a line on stderr
 *   | text           a line on stdout that would otherwise be something else: it is empty, or starts with # $ ! ? | [
 *   text (no eol)    a line without a line break
 *   [4]              the exit code, where it is not 0
 *   ? text -> reply  a question on the terminal, and what the person answers; ^C answers with Ctrl-C
 *   ?* text -> reply the same, not echoed
 *
 * A command has a terminal if and only if it has a `?` line; `terminal` before it puts stdin and stdout there, too.
 * `...` stands for any text within a line, and for any lines where it stands alone. The test's own folder is left out
 * of paths, so that they start with /home and /code. `npx vitest -u` writes down what is really printed: read it.
 *
 * Commands: `kmsfile` runs in process, with `NAME=value` before it, `$NAME` in its words, `<<EOF`, `< FILE`, `> FILE`
 * and pipes. Everything else is real: `sh` runs it in the working directory, here-documents and `git` included; the kmsfile
 * that git starts is the one in dist/. Three
 * are the transcript's own: `cd FOLDER` and `export NAME=value`, which last; and `identity NAME`, which puts an age
 * identity where kmsfile looks for it and its recipient into `$NAME`, the same for the same name. The clock stands
 * still, but for a minute a command; random bytes are the same every time, but for the order in which they are drawn.
 * An editor is any command: `EDITOR='sed -i s/old/new/' kmsfile edit FILE`.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { run } from '../../src/cli/run.ts'
import { shellWords } from '../../src/host/shell-words.ts'
import { generateIdentity } from '../../src/keys/age-identity.ts'
import { scriptedHost, seededBytes } from './scripted-host.ts'

const FIXED_ENV = { GIT_CONFIG_NOSYSTEM: '1', TZ: 'UTC', LC_ALL: 'C.UTF-8', NO_COLOR: '1' }
/** What git starts, in a process of its own, is the program as it was built last. */
const BIN = new URL('./bin', import.meta.url).pathname
// What stands before the name of a command of ours, its words, and where its stdin or stdout goes.
const KMSFILE = /^(terminal )?((?:\w+=(?:'[^']*'|"[^"]*"|\S*) )*)kmsfile(?: (.*?))??(?: (<|>) ?([^<\s]\S*)| <<.*)?$/
const QUESTION = /^\?\*?.* -> ?(.*)$/

/** What a command printed: the mark of its lines, and the text. */
type Chunk = readonly [mark: string, text: string]

interface Streams {
  readonly input: Uint8Array
  readonly out: (text: Uint8Array) => void
  readonly chunks: Chunk[]
  /** What the person at the terminal will answer; undefined where there is none. */
  readonly answers: readonly string[] | undefined
}

/** Plays a transcript and returns it with everything in it that was really printed. */
export async function playTranscript(text: string): Promise<string> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'kmsfile-transcript-')))
  try {
    const play = player(root)
    const lines = text.split('\n')
    const played: string[] = []
    for (let at = 0; at < lines.length; ) {
      const start = at++
      const line = lines[start] as string
      const end = line.startsWith('$ ') ? /<<-?\s*'?(\w+)/.exec(line)?.[1] : undefined
      if (end !== undefined) {
        at = lines.indexOf(end, at) + 1
        if (at === 0) throw new Error(`line ${start + 1}: nothing ends the text that ${line} begins`)
      }
      played.push(...lines.slice(start, at))
      if (!line.startsWith('$ ')) continue
      const printed = at
      while (at < lines.length && !/^(?:$|# |\$ )/.test(lines[at] as string)) at++
      const expected = lines.slice(printed, at)
      const actual = await play(lines.slice(start, printed).join('\n').slice(2), expected)
      played.push(...withWildcards(actual, expected))
    }
    return played.join('\n')
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** Runs one command after the other in the same place, and returns the lines that each prints. */
function player(root: string) {
  const [homeDir = '', work = '', runtime = ''] = ['home', 'code', 'run'].map((name) => join(root, name))
  for (const folder of [homeDir, work, runtime]) mkdirSync(folder, { mode: 0o700 })
  const env: Record<string, string | undefined> = { ...FIXED_ENV, PATH: `${BIN}:${process.env['PATH']}` }
  Object.assign(env, { HOME: homeDir, XDG_RUNTIME_DIR: runtime })
  const randomBytes = seededBytes()
  let cwd = work
  let minutes = 0

  return async (command: string, expected: readonly string[]): Promise<readonly string[]> => {
    const questions = expected.flatMap((line) => QUESTION.exec(line)?.[1] ?? [])
    const chunks: Chunk[] = []
    const answers = questions.length === 0 ? undefined : questions
    const code = (await own(command, chunks)) ?? (await pipeline(command, { chunks, answers }))
    minutes++
    const lines = rendered(chunks).map((line) => line.replaceAll(root, ''))
    return code === 0 ? lines : [...lines, `[${code}]`]
  }

  /** The transcript's own commands; undefined for every other. */
  async function own(command: string, chunks: Chunk[]): Promise<number | undefined> {
    const [word, argument = ''] = command.split(/ (.*)/s, 2)
    if (word === 'cd') cwd = resolve(cwd, argument)
    else if (word === 'export') env[argument.split('=', 1)[0] as string] = argument.slice(argument.indexOf('=') + 1)
    else if (word === 'identity') {
      const { identity, recipient } = generateIdentity(() => createHash('sha256').update(argument).digest())
      mkdirSync(join(homeDir, '.config/kmsfile/age'), { recursive: true })
      appendFileSync(join(homeDir, '.config/kmsfile/age/keys.txt'), `${identity}\n`, { mode: 0o600 })
      env[argument] = recipient
      chunks.push(['', `${recipient}\n`])
    } else return undefined
    return 0
  }

  async function pipeline(command: string, { chunks, answers }: Pick<Streams, 'chunks' | 'answers'>): Promise<number> {
    const [line = '', ...body] = command.split('\n')
    const stages = /(^|[ |])kmsfile( |$)/.test(line) ? line.split(' | ') : [command]
    let input: Uint8Array = Buffer.from(
      body
        .slice(0, -1)
        .map((each) => `${each}\n`)
        .join(''),
    )
    let code = 0
    for (const [i, stage] of stages.entries()) {
      const parts: Uint8Array[] = []
      const last = i === stages.length - 1
      const out = (bytes: Uint8Array) => void (last ? chunks.push(['', bytes.toString()]) : parts.push(bytes))
      const run = KMSFILE.test(stage) ? kmsfile : shell
      code = await run(stage, { input, out, chunks, answers })
      input = Buffer.concat(parts)
    }
    return code
  }

  async function kmsfile(stage: string, { input, out, chunks, answers }: Streams): Promise<number> {
    const [, terminal, variables = '', words = '', redirect, file = ''] = KMSFILE.exec(stage) ?? []
    const split = (text: string) => shellWords(text, { platform: 'linux' }) ?? []
    const target = resolve(cwd, file)
    const parts: Uint8Array[] = []
    const host = scriptedHost({
      cwd,
      env: { ...env, ...Object.fromEntries(split(variables).map((each) => each.split(/=(.*)/s, 2))) },
      homeDir,
      randomBytes,
      now: new Date(Date.UTC(2025, 5, 1, 12, minutes)),
      input: redirect === '<' ? readFileSync(target) : input,
      stdinIsTTY: terminal !== undefined || (answers !== undefined && input.length === 0 && redirect !== '<'),
      stdoutIsTTY: terminal !== undefined,
      out: redirect === '>' ? (bytes) => parts.push(bytes) : out,
      err: (bytes) => chunks.push(['! ', bytes.toString()]),
      asked: (question, { text, hidden }) => chunks.push([hidden ? '?* ' : '? ', `${question.trim()} -> ${text}\n`]),
      answers: answers ?? (terminal === undefined ? undefined : []),
    })
    const code = await run(split(words.replace(/\$(\w+)/g, (_, name) => env[name] ?? '')), host)
    if (redirect === '>') writeFileSync(target, Buffer.concat(parts))
    return code
  }

  async function shell(stage: string, { input, out, chunks }: Streams): Promise<number> {
    const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', stage], {
      cwd,
      env: env as NodeJS.ProcessEnv,
      input,
    })
    out(stdout)
    chunks.push(['! ', stderr.toString()])
    return status ?? 128
  }
}

/** The lines of a transcript, made of what was printed. */
function rendered(chunks: readonly Chunk[]): string[] {
  const lines: string[] = []
  for (let at = 0; at < chunks.length; ) {
    const mark = (chunks[at] as Chunk)[0]
    let text = ''
    for (; chunks[at]?.[0] === mark; at++) text += chunks[at]?.[1]
    if (text === '') continue
    if (!text.endsWith('\n')) text += ' (no eol)\n'
    for (const line of text.slice(0, -1).split('\n')) {
      lines.push((mark === '' && /^(?:$|[#$!?|[])/.test(line) ? `| ${line}` : mark + line).trimEnd())
    }
  }
  return lines
}

/** What was printed, or what was expected where that stands for it. */
function withWildcards(actual: readonly string[], expected: readonly string[]): readonly string[] {
  const patterns = expected.map((line) => (line === '...' ? '(?:[^\n]*\n)*' : `${patternOf(line)}\n`))
  const whole = new RegExp(`^${patterns.join('')}$`)
  if (whole.test(actual.map((line) => `${line}\n`).join(''))) return expected
  const wild = expected.filter((line) => line !== '...' && line.includes('...'))
  return actual.map((line) => wild.find((each) => new RegExp(`^${patternOf(each)}$`).test(line)) ?? line)
}

function patternOf(line: string): string {
  return line
    .split('...')
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('[^\n]*')
}
