import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { mapWithProgress, pausedByQuestions, progressLine } from '../../src/cli/progress.ts'
import { run } from '../../src/cli/run.ts'
import type { Host } from '../../src/host/host.ts'
import { generateIdentity } from '../../src/keys/age-identity.ts'
import { fakeHost } from '../fake-host.ts'

const ERASE = '\r\x1b[K'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] }))
afterEach(() => void vi.useRealTimers())

test('shows nothing for what takes no second', () => {
  const { line, written } = screen()
  const progress = line.start('encrypting', 10)
  for (let i = 0; i < 10; i++) {
    vi.advanceTimersByTime(99)
    progress.step()
  }
  progress.end()
  expect(written()).toBe('')
})

test('shows how many are done, and about how long the rest takes', () => {
  const { line, written } = screen()
  const progress = line.start('encrypting', 31)
  vi.advanceTimersByTime(1000)
  expect(written()).toBe(`${ERASE}encrypting [..................] 0/31`)
  for (let i = 0; i < 19; i++) progress.step()
  vi.advanceTimersByTime(6000)
  expect(written().split(ERASE).at(-1)).toBe('encrypting [###########.......] 19/31  5 s left')
  progress.end()
  expect(written().endsWith(ERASE)).toBe(true)
  const all = written()
  vi.advanceTimersByTime(60_000)
  expect(written()).toBe(all)
})

test('writes only what is new', () => {
  const { line, written } = screen()
  line.start('encrypting', 31)
  vi.advanceTimersByTime(60_000)
  expect(written()).toBe(`${ERASE}encrypting [..................] 0/31`)
})

test.each([
  [100, 'verifying [##................] 1/9  8 s left'],
  [40, 'verifying 1/9  8 s left'],
  [20, '1/9'],
  [3, ''],
  [0, 'verifying [##................] 1/9  8 s left'],
])('fits in %i columns', (columns, expected) => {
  const { line, written } = screen({ columns })
  line.start('verifying', 9).step()
  vi.advanceTimersByTime(1000)
  expect(written().replaceAll(ERASE, '')).toBe(expected)
})

test.each<[string, Partial<Screen>]>([
  ['is no terminal', { isTTY: false }],
  ['is one of a CI', { env: { CI: 'true' } }],
  ['obeys nothing', { env: { TERM: 'dumb' } }],
  ['shall stay plain', { env: { NO_COLOR: '1' } }],
  ['has one thing to show', { total: 1 }],
  ['shall stay silent', { silent: true }],
])('shows nothing where stderr %s', (_, { total = 9, ...changes }) => {
  const { line, written } = screen(changes)
  const progress = line.start('encrypting', total)
  vi.advanceTimersByTime(60_000)
  progress.end()
  expect(written()).toBe('')
})

test('makes room for other output, and comes back', () => {
  const { line, written, host } = screen()
  line.start('encrypting', 2)
  vi.advanceTimersByTime(1000)
  line.clear()
  line.clear()
  host.stderr.write('warning\n')
  vi.advanceTimersByTime(200)
  const shown = `${ERASE}encrypting [..................] 0/2`
  expect(written()).toBe(`${shown}${ERASE}warning\n${shown}`)
})

test('stays away while somebody is asked, whose time does not count', async () => {
  const ask = vi.fn(async () => {
    vi.advanceTimersByTime(30_000)
    return 'yes'
  })
  const { line, written, host } = screen({ terminal: { ask, askHidden: ask } })
  const progress = line.start('decrypting', 2)
  vi.advanceTimersByTime(1000)
  const before = written()
  const { terminal } = pausedByQuestions(host, line)
  await expect(terminal?.ask('Sure?')).resolves.toBe('yes')
  await expect(terminal?.askHidden('Passphrase?')).resolves.toBe('yes')
  expect(written()).toBe(before + ERASE)
  progress.step()
  vi.advanceTimersByTime(200)
  expect(written()).toBe(`${before}${ERASE}${ERASE}decrypting [#########.........] 1/2  2 s left`)
})

test('looks at no stream of a machine before somebody does', () => {
  const stdin = vi.fn()
  const host = Object.defineProperty(fakeHost(), 'stdin', { get: stdin, enumerable: true })
  pausedByQuestions(host, screen().line)
  expect(stdin).not.toHaveBeenCalled()
})

test('takes the line away when the work fails', async () => {
  const { line, written } = screen()
  const work = async () => {
    vi.advanceTimersByTime(2000)
    throw new Error('failed')
  }
  await expect(mapWithProgress({ progress: line }, [1, 2], { doing: 'writing', work })).rejects.toThrow('failed')
  expect(written().endsWith(ERASE)).toBe(true)
})

test('is shown by every command that works on many files, and leaves nothing behind', async () => {
  const kmsfile = machine()
  for (const [args, ...verbs] of [
    [['encrypt', '-i', 'secrets'], 'encrypting'],
    [['status', '--verify', 'secrets'], 'verifying'],
    [['updatekeys', '--yes', 'secrets'], 'reading', 'writing'],
    [['rotate', '-i', '--yes', 'secrets'], 'reading', 'writing'],
    [['decrypt', '--verbose', '--output-dir', 'plain', 'secrets'], 'decrypting'],
    [['decrypt', '-i', '--yes', 'secrets'], 'decrypting'],
  ] as const) {
    const { code, stderr } = await kmsfile([...args])
    expect(code, stderr).toBe(0)
    for (const verb of verbs) expect(stderr).toContain(`${ERASE}${verb} [`)
    // What the terminal shows in the end.
    expect(stderr.replace(new RegExp(`[^\n]*${ERASE.replace('[', '\\[')}`, 'g'), '')).not.toMatch(/\[[#.]+\]|\x1b/)
  }
  expect((await kmsfile(['encrypt', '-i', 'secrets', '--quiet'])).stderr).toBe('')
  expect((await kmsfile(['status', '--verify', '--json', 'secrets'])).stderr).toBe('')
})

interface Screen {
  readonly isTTY: boolean
  readonly columns: number
  readonly env: Host['env']
  readonly terminal: Host['terminal']
  readonly silent: boolean
  readonly total: number
}

function screen({ silent = false, isTTY = true, columns = 80, env = {}, terminal }: Partial<Screen> = {}) {
  const { stderr, written } = stream({ isTTY, columns })
  const host = fakeHost({ env, stderr, terminal, now: () => new Date() })
  return { host, line: progressLine(host, { silent }), written }
}

function stream(terminal: { readonly isTTY: boolean; readonly columns: number }) {
  const chunks: string[] = []
  const sink = new Writable({ write: (chunk, _encoding, done) => done(void chunks.push(chunk.toString())) })
  return { stderr: Object.assign(sink, terminal), written: () => chunks.join('') }
}

/** A machine with a configuration and three files, on which a second passes whenever somebody looks at the clock. */
function machine() {
  const root = mkdtempSync(join(tmpdir(), 'kmsfile-progress-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const { identity, recipient } = generateIdentity(() => createHash('sha256').update('ana').digest())
  mkdirSync(join(root, 'secrets'))
  // What is configured differs from what is encrypted for, so that there is something to update.
  const other = generateIdentity(() => createHash('sha256').update('ben').digest()).recipient
  const configure = (...keys: readonly string[]) =>
    writeFileSync(
      join(root, '.kmsfile.yaml'),
      `version: 1\nrules:\n  - files: ["secrets/**"]\n    keys: [${keys.map((key) => `{ age: ${key} }`).join(', ')}]\n`,
    )
  for (const name of ['a', 'b', 'c']) writeFileSync(join(root, `secrets/${name}.yaml`), `password: ${name}\n`)

  return async (args: readonly string[]) => {
    configure(recipient, ...(args[0] === 'updatekeys' || args[0] === 'rotate' ? [other] : []))
    const { stderr, written } = stream({ isTTY: true, columns: 80 })
    let isTicking = false
    const now = () => {
      if (!isTicking) {
        isTicking = true
        vi.advanceTimersByTime(1000)
        isTicking = false
      }
      return new Date()
    }
    const env = { KMSFILE_AGE_KEY: identity, XDG_RUNTIME_DIR: root, PATH: process.env['PATH'] }
    const code = await run(args, fakeHost({ cwd: root, homeDir: root, env, stderr, now }))
    return { code, stderr: written() }
  }
}
