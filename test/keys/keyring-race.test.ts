import { expect, test } from 'vitest'
import { type RaceOptions, type Runner, race } from '../../src/keys/keyring-race.ts'
import { manualClock, settled } from './fake-keys.ts'

/** Runners that end when they are told to. */
function course(...names: readonly string[]) {
  const log: string[] = []
  const finish = new Map<string, (result: string | undefined) => void>()
  const runners = names.map<Runner<string>>((name) => ({
    alone: name.endsWith('!'),
    run(signal) {
      log.push(`start ${name}`)
      signal.addEventListener('abort', () => log.push(`abort ${name}`))
      return new Promise((resolve) => finish.set(name, resolve))
    },
  }))
  const clock = manualClock()
  return {
    log,
    clock,
    start: (options: Partial<RaceOptions> = {}) =>
      race(runners, { needed: 1, hedgeDelayMs: 300, delay: clock.delay, ...options }),
    async win(name: string) {
      await settled()
      finish.get(name)?.(name)
    },
    async fail(name: string) {
      await settled()
      finish.get(name)?.(undefined)
      await settled()
    },
  }
}

test('starts one, and no other if it answers in time', async () => {
  const { start, win, log } = course('a', 'b')
  const result = start()
  await win('a')
  expect(await result).toEqual(['a'])
  expect(log).toEqual(['start a', 'abort a'])
})

test('starts the next at once where one fails', async () => {
  const { start, fail, win, log, clock } = course('a', 'b')
  const result = start()
  await fail('a')
  expect(log).toEqual(['start a', 'start b'])
  await win('b')
  expect(await result).toEqual(['b'])
  expect(clock.running()).toEqual([])
})

test('has the next join where one is slow; the first answer counts, and the rest is aborted', async () => {
  const { start, win, log, clock } = course('a', 'b', 'c')
  const result = start()
  await settled()
  expect(clock.running()).toEqual([300])
  await clock.ring()
  expect(log).toEqual(['start a', 'start b'])
  await clock.ring()
  expect(log).toEqual(['start a', 'start b', 'start c'])
  // All are under way: there is nothing to wait for but answers.
  expect(clock.running()).toEqual([])
  await win('b')
  expect(await result).toEqual(['b'])
  expect(log.slice(3)).toEqual(['abort a', 'abort b', 'abort c'])
})

test('takes the slow one if it answers first after all', async () => {
  const { start, win, clock } = course('a', 'b')
  const result = start()
  await clock.ring()
  await win('a')
  expect(await result).toEqual(['a'])
})

test('gives nothing where all fail', async () => {
  const { start, fail } = course('a', 'b')
  const result = start()
  await fail('a')
  await fail('b')
  expect(await result).toEqual([])
  expect(await race([], { needed: 1, hedgeDelayMs: 1, delay: manualClock().delay })).toEqual([])
})

test('runs one that may ask a person while nothing else runs, however long it takes', async () => {
  const { start, fail, win, log, clock } = course('a', 'b!', 'c')
  const result = start()
  await settled()
  expect(clock.running()).toEqual([])
  await fail('a')
  expect(log).toEqual(['start a', 'start b!'])
  expect(clock.running()).toEqual([])
  await fail('b!')
  await win('c')
  expect(await result).toEqual(['c'])
})

test('starts as many as are needed, and one more for each that fails', async () => {
  const { start, fail, win, log } = course('a', 'b', 'c', 'd')
  const result = start({ needed: 2 })
  await settled()
  expect(log).toEqual(['start a', 'start b'])
  await fail('a')
  expect(log).toEqual(['start a', 'start b', 'start c'])
  await win('c')
  await win('b')
  expect(await result).toEqual(['c', 'b'])
  expect(log).not.toContain('start d')
})

test('gives what it has where there are fewer than needed', async () => {
  const { start, fail, win } = course('a', 'b')
  const result = start({ needed: 3 })
  await win('a')
  await fail('b')
  expect(await result).toEqual(['a'])
})

test('ends when its caller gives up, before or after it started', async () => {
  const { start, log, clock } = course('a', 'b')
  const stop = new AbortController()
  const result = start({ signal: stop.signal })
  await settled()
  stop.abort()
  expect(await result).toEqual([])
  expect(log).toEqual(['start a', 'abort a'])
  expect(clock.running()).toEqual([])
  expect(await start({ signal: stop.signal })).toEqual([])
  expect(log).toHaveLength(2)
})
