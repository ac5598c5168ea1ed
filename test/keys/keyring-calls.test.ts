import { expect, test } from 'vitest'
import { createCalls } from '../../src/keys/keyring-calls.ts'
import { settled } from './fake-keys.ts'

function question() {
  let answer: (bytes: Uint8Array) => void = () => undefined
  let fail: (error: Error) => void = () => undefined
  const asked: AbortSignal[] = []
  return {
    asked,
    work: (signal: AbortSignal) => {
      asked.push(signal)
      return new Promise<Uint8Array>((resolve, reject) => {
        answer = resolve
        fail = reject
      })
    },
    answer: () => answer(new Uint8Array([1, 2, 3])),
    fail: () => fail(new Error('no')),
  }
}

const options = { keepFailure: true }

test('asks once for all who ask at the same time, and gives each a copy', async () => {
  const calls = createCalls()
  const { asked, work, answer } = question()
  const both = Promise.all([calls.share('id', work, options), calls.share('id', work, options)])
  answer()
  const [first, second] = await both
  expect(asked).toHaveLength(1)
  first?.fill(0)
  expect(second).toEqual(new Uint8Array([1, 2, 3]))
})

test('remembers the answer', async () => {
  const calls = createCalls()
  const { asked, work, answer } = question()
  const first = calls.share('id', work, options)
  expect(calls.known('id')).toBeUndefined()
  answer()
  ;(await first).fill(0)
  expect(calls.known('id')).toEqual(new Uint8Array([1, 2, 3]))
  expect(await calls.share('id', work, options)).toEqual(new Uint8Array([1, 2, 3]))
  expect(calls.known('other')).toBeUndefined()
  expect(asked).toHaveLength(1)
})

test.each([true, false])('remembers a failure: %s', async (keepFailure) => {
  const calls = createCalls()
  const { asked, work, fail } = question()
  const first = calls.share('id', work, { keepFailure })
  fail()
  await expect(first).rejects.toThrow('no')
  const second = calls.share('id', work, { keepFailure })
  fail()
  await expect(second).rejects.toThrow('no')
  expect(asked).toHaveLength(keepFailure ? 1 : 2)
})

test('goes on for the others when one leaves, and aborts when the last has left', async () => {
  const calls = createCalls()
  const { asked, work, answer } = question()
  const [one, two, three] = [new AbortController(), new AbortController(), new AbortController()]
  const first = calls.share('id', work, { ...options, signal: one.signal })
  const second = calls.share('id', work, { ...options, signal: two.signal })
  one.abort()
  await expect(first).rejects.toMatchObject({ name: 'AbortError' })
  expect(asked[0]?.aborted).toBe(false)
  two.abort()
  await expect(second).rejects.toMatchObject({ name: 'AbortError' })
  expect(asked[0]?.aborted).toBe(true)

  // What was aborted is no answer: the next asks anew.
  const third = calls.share('id', work, { ...options, signal: three.signal })
  answer()
  expect(await third).toHaveLength(3)
  expect(asked).toHaveLength(2)
})

test('runs no more than the limit at a time, in the order they came', async () => {
  const calls = createCalls({ maxConcurrent: 2 })
  const finish: (() => void)[] = []
  let running = 0
  const all = Array.from({ length: 5 }, (_, i) =>
    calls.slot(async () => {
      running++
      await new Promise<void>((resolve) => finish.push(resolve))
      running--
      if (i === 1) throw new Error('fails')
      return i
    }),
  )
  const results = Promise.allSettled(all)
  for (let i = 0; i < 5; i++) {
    await settled()
    expect(running).toBe(Math.min(2, 5 - i))
    finish.shift()?.()
  }
  expect((await results).map((result) => (result.status === 'fulfilled' ? result.value : 'failed'))).toEqual([
    0,
    'failed',
    2,
    3,
    4,
  ])
})

test('forgets what it knows, and wipes it', async () => {
  const calls = createCalls()
  const bytes = new Uint8Array([1, 2, 3])
  await calls.share('id', async () => bytes, options)
  calls.forget()
  expect(bytes).toEqual(new Uint8Array(3))
  expect(calls.known('id')).toBeUndefined()
})
