import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { KmsfileError } from '../../src/errors.ts'
import type { Finding } from '../../src/git/check/finding.ts'
import { runFilterProcess } from '../../src/git/filters/filter-guard.ts'
import type { Guard } from '../../src/git/filters/filter-guard-judge.ts'
import { contentPackets, packetReader, textPackets } from '../../src/git/filters/filter-guard-packets.ts'

const HELLO = [
  textPackets(['git-filter-client', 'version=2']),
  textPackets(['capability=clean', 'capability=smudge', 'capability=delay']),
]
const ANSWERED = Buffer.concat([
  textPackets(['git-filter-server', 'version=2']),
  textPackets(['capability=clean', 'capability=smudge']),
])
const BAD: Finding = { verdict: 'plaintext', severity: 'refuse', path: 'x', message: 'not encrypted' }

const content = (text: string | Uint8Array) => Buffer.concat([...contentPackets([Buffer.from(text)])])
const clean = (path: string, text: string | Uint8Array) =>
  Buffer.concat([textPackets(['command=clean', `pathname=${path}`]), content(text)])
const passed = (text: string | Uint8Array) =>
  Buffer.concat([textPackets(['status=success']), content(text), textPackets([])])
const REFUSED = textPackets(['status=error'])

/** Refuses what says so, and paths that do. */
const guard: Guard = {
  at: async (path) => {
    if (path === 'broken') throw new KmsfileError('git cannot be started', { code: 'GIT_FAILED' })
    return {
      maxBytes: path === 'small' ? 10 : undefined,
      judge: async (bytes) => (bytes === undefined || Buffer.from(bytes).includes('secret') ? [BAD] : []),
    }
  },
  close: () => {},
}

/** What the filter answers to a conversation, whatever pieces it arrives in. */
async function talk(parts: readonly Uint8Array[], { piece = 65536 } = {}): Promise<Buffer> {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()]
  const printed = buffer(stdout)
  const whole = Buffer.concat([...parts])
  for (let at = 0; at < whole.length; at += piece) stdin.write(whole.subarray(at, at + piece))
  stdin.end()
  try {
    await runFilterProcess({ stdin, stdout }, { guard, refuse: (findings) => findings.length > 0 })
  } finally {
    stdout.end()
  }
  return printed
}

describe('the filter process', () => {
  test('greets, and ends when git does', async () => {
    expect(await talk(HELLO)).toEqual(ANSWERED)
    expect(await talk([])).toEqual(Buffer.alloc(0))
  })

  test.each([1, 7, 65536])('answers file after file, in pieces of %i bytes', async (piece) => {
    const smudge = Buffer.concat([
      textPackets(['command=smudge', 'pathname=a', 'ref=refs/heads/main', `blob=${'0'.repeat(40)}`]),
      content('secret'),
    ])
    const parts = [...HELLO, clean('a', 'x'), clean('b', 'secret'), smudge, clean('c', ''), clean('d', 'y')]
    const answers = [passed('x'), REFUSED, passed('secret'), passed(''), passed('y')]
    expect(await talk(parts, { piece })).toEqual(Buffer.concat([ANSWERED, ...answers]))
  })

  test('takes contents of any size apart and together again', async () => {
    const large = Buffer.alloc(3_000_000, 'abc')
    const exact = large.subarray(0, 65516)
    const answers = await talk([...HELLO, clean('a', large), clean('b', exact)])
    // Compared as buffers: a matcher would take its time over each byte.
    expect(answers.equals(Buffer.concat([ANSWERED, passed(large), passed(exact)]))).toBe(true)
  })

  test('refuses what is too large and what cannot be judged, and goes on', async () => {
    const parts = [...HELLO, clean('small', 'x'.repeat(11)), clean('broken', 'x'), clean('a', 'x')]
    expect(await talk(parts)).toEqual(Buffer.concat([ANSWERED, REFUSED, REFUSED, passed('x')]))
  })

  test.each([
    ['is not the protocol', Buffer.from('GET / HTTP/1.1\r\n')],
    ['is another version', Buffer.concat([textPackets(['git-filter-client', 'version=3'])])],
    ['is another client', textPackets(['git-other-client', 'version=2'])],
    ['has a length that is none', Buffer.concat([...HELLO, Buffer.from('zzzz')])],
    ['has a reserved length', Buffer.concat([...HELLO, Buffer.from('0002')])],
    ['has a packet that is too long', Buffer.concat([...HELLO, Buffer.from('ffff')])],
  ])('fails for what %s, and lets nothing through', async (_, bytes) => {
    await expect(talk([bytes])).rejects.toMatchObject({ code: 'GIT_FAILED' })
  })
})

test.each([
  ['stops within a packet', Buffer.from('0015git-filt')],
  ['stops within a list', textPackets(['git-filter-client']).subarray(0, -4)],
  ['stops within a content', Buffer.concat([...HELLO, clean('a', 'x').subarray(0, -4)])],
])('a git that %s is no mistake of anybody, and nothing is let through', async (_, bytes) => {
  await expect(talk([bytes])).rejects.toMatchObject({ code: 'INTERRUPTED' })
})

test('packets have no more than git takes', async () => {
  const packets = packetReader(Readable.from([Buffer.concat([...contentPackets([Buffer.alloc(200_000)])])]))
  const lengths: number[] = []
  for (let next = await packets.next(); next !== 'end of list'; next = await packets.next()) lengths.push(next.length)
  expect(lengths).toEqual([65516, 65516, 65516, 200_000 - 3 * 65516])
})
