import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { forgetSilences, SILENCE_MS, silences } from '../../src/git/trust/silences.ts'
import { hostIn, scratch } from '../host/scratch.ts'

const QUESTION = 'arn:aws:kms:eu-central-1:111122223333:key/x'

/** A machine with a clock that stands still. */
function machine() {
  let time = Date.parse('2026-01-02T03:04:05Z')
  const host = hostIn(scratch(), { now: () => new Date(time) })
  return {
    host,
    folder: join(host.homeDir, 'kmsfile/silent'),
    pass(ms: number) {
      time += ms
    },
    /** As another process sees it. */
    known: (question = QUESTION) => silences(host).has(question),
  }
}

describe('what had no answer', () => {
  test('is known to all processes for half a minute', async () => {
    const { host, known, pass } = machine()
    expect(await known()).toBe(false)
    await silences(host).add(QUESTION)
    expect(await known()).toBe(true)
    expect(await known('another question')).toBe(false)
    pass(SILENCE_MS - 1)
    expect(await known()).toBe(true)
    pass(1)
    expect(await known()).toBe(false)
  })

  test('is not known any more where the clock was put back, or something has answered', async () => {
    const { host, known, pass } = machine()
    await silences(host).add(QUESTION)
    pass(-60_000)
    expect(await known()).toBe(false)
    pass(60_000)
    expect(await known()).toBe(true)
    await forgetSilences(host)
    expect(await known()).toBe(false)
    await forgetSilences(host)
  })

  test('is no name that anybody could read, and the user alone sees that there is one', async () => {
    const { host, folder } = machine()
    await silences(host).add(QUESTION)
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, readdirSync(folder)[0] ?? '')).size).toBe(0)
  })

  test('leaves no more files than there are silences', async () => {
    const { host, folder, pass } = machine()
    for (let i = 0; i < 5; i++) await silences(host).add(`${i}`)
    expect(readdirSync(folder)).toHaveLength(5)
    pass(SILENCE_MS)
    await silences(host).add(QUESTION)
    expect(readdirSync(folder)).toHaveLength(1)
  })

  test('is known to this process alone where it cannot be noted', async () => {
    const { host, folder, known } = machine()
    mkdirSync(join(folder, '..'), { mode: 0o700 })
    writeFileSync(folder, '')
    const own = silences(host)
    await own.add(QUESTION)
    expect(await own.has(QUESTION)).toBe(true)
    expect(await known()).toBe(false)
    rmSync(folder)
  })
})
