import { beforeEach, describe, expect, test } from 'vitest'
import { createStore, MAX_AGE_MS, MAX_ENTRIES, type Store, TICK_MS } from '../../src/agent/store.ts'

const IDLE_MS = 60_000
const key = (fill = 7) => new Uint8Array(32).fill(fill)

describe('what the agent remembers', () => {
  let time: number
  let store: Store
  beforeEach(() => {
    time = Date.parse('2026-01-02T03:04:05Z')
    store = createStore({ idleMs: IDLE_MS, now: () => time })
  })
  /** Lets time pass, with the agent awake. */
  const pass = (ms: number) => {
    for (let left = ms; left > 0; left -= TICK_MS) {
      time += Math.min(left, TICK_MS)
      store.tick()
    }
  }

  test('is a copy', () => {
    const bytes = key()
    store.set('a', bytes)
    bytes.fill(0)
    expect(store.get('a')).toEqual(key())
    expect(store.get('b')).toBeUndefined()
  })

  test('is forgotten when it was not used for the idle time, and overwritten', () => {
    store.set('a', key())
    const kept = store.get('a')
    pass(IDLE_MS - 1)
    expect(store.size).toBe(1)
    pass(1)
    expect(store.size).toBe(0)
    expect(kept).toEqual(key(0))
  })

  test('stays as long as it is used, but not longer than a working day', () => {
    store.set('a', key())
    for (let passed = 0; passed < MAX_AGE_MS - IDLE_MS; passed += IDLE_MS / 2) {
      pass(IDLE_MS / 2)
      expect(store.get('a')).toEqual(key())
    }
    pass(IDLE_MS / 2)
    store.set('a', key())
    pass(IDLE_MS / 2)
    expect(store.get('a')).toBeUndefined()
  })

  test('is forgotten when the machine was asleep', () => {
    store.set('a', key())
    const kept = store.get('a')
    time += TICK_MS + 30_001
    expect(store.get('a')).toBeUndefined()
    expect(kept).toEqual(key(0))
  })

  test('is forgotten when the clock was put back', () => {
    store.set('a', key())
    time -= 1
    expect(store.get('a')).toBeUndefined()
  })

  test('is overwritten when it is replaced or wiped', () => {
    store.set('a', key(1))
    const [old] = [store.get('a')]
    store.set('a', key(2))
    const replaced = store.get('a')
    expect(old).toEqual(key(0))
    store.wipe()
    expect(replaced).toEqual(key(0))
    expect(store.size).toBe(0)
  })

  test('has a limit, beyond which what was used longest ago is forgotten', () => {
    for (let i = 0; i < MAX_ENTRIES; i++) store.set(`${i}`, key())
    store.get('0')
    store.set('one more', key())
    expect(store.size).toBe(MAX_ENTRIES)
    expect(store.get('0')).toEqual(key())
    expect(store.get('1')).toBeUndefined()
  })
})
