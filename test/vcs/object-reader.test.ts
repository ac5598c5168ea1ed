import { expect, test } from 'vitest'
import { requireRepository } from '../../src/vcs/repository.ts'
import { gitRepository } from './git-repository.ts'

const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('utf8')

test('one reader answers several rounds, in the order asked for', async () => {
  const made = gitRepository()
  made.commit({ a: 'A', b: 'B' })
  const reader = await (await requireRepository(made.host, `${made.top}/x`)).objectReader()
  const read = async (...names: string[]) => {
    const found: (string | undefined)[] = []
    for await (const object of reader.read(names)) found.push(text(object?.content))
    return found
  }
  expect(await read('HEAD:a', 'HEAD:nothing', ':b')).toEqual(['A', undefined, 'B'])
  expect(await read()).toEqual([])
  expect(await read('HEAD:b', 'HEAD:b')).toEqual(['B', 'B'])
  expect(await read(...Array(3000).fill('HEAD:a'))).toHaveLength(3000)
  await expect(read('HEAD:a\nHEAD:b')).rejects.toThrow(RangeError)
  reader.close()
  await expect(read('HEAD:a')).rejects.toMatchObject({ code: 'GIT_FAILED' })
})

test('a reader leaves out content that is larger than was asked for', async () => {
  const made = gitRepository()
  made.commit({ a: 'A'.repeat(100) })
  const reader = await (await requireRepository(made.host, `${made.top}/x`)).objectReader()
  for await (const object of reader.read(['HEAD:a'], { maxBytes: 99 })) {
    expect([object?.size, object?.content]).toEqual([100, undefined])
  }
  reader.close()
})

test('what git prints can be read as it comes, and left unread', async () => {
  const made = gitRepository()
  made.commit({ a: 'A'.repeat(1_000_000) })
  const repository = await requireRepository(made.host, `${made.top}/x`)
  let length = 0
  for await (const chunk of repository.stream(['cat-file', 'blob', 'HEAD:a'])) length += chunk.length
  expect(length).toBe(1_000_000)
  for await (const chunk of repository.stream(['cat-file', 'blob', 'HEAD:a'])) {
    expect(chunk.length).toBeLessThan(1_000_000)
    break
  }
  const failing = async () => {
    for await (const _ of repository.stream(['cat-file', 'blob', 'HEAD:nothing'])) throw new Error('printed')
  }
  await expect(failing()).rejects.toMatchObject({ code: 'GIT_FAILED' })
})

test('what takes too long is interrupted where somebody waits', async () => {
  const made = gitRepository()
  const repository = await requireRepository(made.host, `${made.top}/x`)
  const waiting = repository.git(['-c', 'alias.wait=!sleep 2', 'wait'], { timeoutMs: 50 })
  await expect(waiting).rejects.toMatchObject({ code: 'INTERRUPTED' })
})

test('git that somebody interrupts is no git that failed', async () => {
  const { host, top, commit } = gitRepository()
  commit({ a: 'x' })
  const repository = await requireRepository(host, `${top}/x`)
  const read = async () => {
    for await (const _ of repository.stream(['-c', 'alias.end=!kill -INT $PPID', 'end'])) throw new Error('printed')
  }
  await expect(read()).rejects.toMatchObject({ code: 'INTERRUPTED' })
})
