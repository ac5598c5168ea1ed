import { expect, test } from 'vitest'
import { writingTime } from '../../src/operations/writing-time.ts'
import { fakeHost } from '../fake-host.ts'

/** A clock that is asked twice: when the work begins, and when it may be done. */
function clock(first: string, second: string) {
  const times = [first, second].map((time) => new Date(time))
  return { host: fakeHost({ now: () => times.shift() as Date }), left: () => times.length }
}

test('the second in which the version before was written is waited out', async () => {
  const { host, left } = clock('2026-01-02T03:04:05.995Z', '2026-01-02T03:04:06.005Z')
  const started = process.hrtime.bigint()

  const time = await writingTime(host, '2026-01-02T03:04:05Z')

  expect(time.toISOString()).toBe('2026-01-02T03:04:06.005Z')
  expect(left()).toBe(0)
  expect(process.hrtime.bigint() - started).toBeGreaterThanOrEqual(5_000_000n)
})

test.each([
  ['written a second ago', '2026-01-02T03:04:04Z'],
  ['from a clock that is ahead', '2026-01-02T03:05:05Z'],
  ['without a time', ''],
])('nothing is waited for after a version %s', async (_what, before) => {
  const stopped = AbortSignal.abort()
  const host = fakeHost({ now: () => new Date('2026-01-02T03:04:05.500Z'), signal: stopped })

  // Whoever waits sees the signal.
  await expect(writingTime(host, before)).resolves.toBeInstanceOf(Date)
})

test('waiting ends with the signal', async () => {
  const host = fakeHost({ now: () => new Date('2026-01-02T03:04:05.500Z'), signal: AbortSignal.abort() })

  await expect(writingTime(host, '2026-01-02T03:04:05Z')).rejects.toMatchObject({ code: 'INTERRUPTED' })
})
