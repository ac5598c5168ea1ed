import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { withLock } from '../../src/host/lock.ts'
import { ownMark } from '../../src/host/process-mark.ts'
import { hostIn, program, scratch } from './scratch.ts'

const linux = process.platform === 'linux'
const coded = (code: string) => expect.objectContaining({ code })
const never = async () => expect.fail('no delay was expected')

/** Runs to the end of a process; its code, or the signal that ended it. */
function end(child: ReturnType<typeof spawn>): Promise<number | string> {
  return new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal ?? 'none')))
}

/** A process that takes the lock of `path`, says so, and keeps it. */
async function holder(folder: string, path: string) {
  const child = await program(
    scratch(),
    `import { withLock } from '#src/host/lock.ts'
     const host = { env: { XDG_RUNTIME_DIR: process.argv[2] }, platform: process.platform, signal: new AbortController().signal }
     await withLock(host, { path: process.argv[3] }, () => new Promise(() => {
       console.log('held')
       setInterval(() => {}, 1000)
     }))`,
  )
  const held = spawn('node', [child, folder, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => held.stdout.once('data', resolve))
  return held
}

describe('a lock', () => {
  test('gives the result of the action, and is gone afterwards', async () => {
    const folder = scratch()
    const host = hostIn(folder)
    const locks = join(folder, 'kmsfile/locks')
    const result = await withLock(host, { path: join(folder, 'a'), delay: never }, async () => {
      expect(readdirSync(locks)).toHaveLength(1)
      return 7
    })
    expect(result).toBe(7)
    expect(readdirSync(locks)).toEqual([])
  })

  test('is gone after an action that fails', async () => {
    const folder = scratch()
    const failing = withLock(hostIn(folder), { path: join(folder, 'a') }, () => Promise.reject(new RangeError('mine')))
    await expect(failing).rejects.toThrow(RangeError)
    expect(readdirSync(join(folder, 'kmsfile/locks'))).toEqual([])
  })

  test('is the same for every name of a file, and another for another file', async () => {
    const folder = scratch()
    const host = hostIn(folder)
    mkdirSync(join(folder, 'real'))
    symlinkSync('real', join(folder, 'folder'))
    symlinkSync('real/a', join(folder, 'link'))
    const path = join(folder, 'real/a')
    await withLock(host, { path }, async () => {
      for (const other of ['link', 'folder/a', 'real/../folder/./a']) {
        const late = withLock(host, { path: join(folder, other), waitMs: 0, delay: never }, async () => {})
        await expect(late).rejects.toEqual(coded('FILE_LOCKED'))
      }
      await withLock(host, { path: join(folder, 'real/b'), delay: never }, async () => {})
    })
  })

  test('is waited for, and had as soon as it is free', async () => {
    const folder = scratch()
    const host = hostIn(folder)
    const path = join(folder, 'a')
    const order: string[] = []
    let free = () => {}
    const first = withLock(host, { path }, async () => {
      order.push('first')
      await new Promise<void>((resolve) => {
        free = resolve
      })
      order.push('first ends')
    })
    await expect.poll(() => order).toEqual(['first'])
    const second = withLock(
      host,
      {
        path,
        delay: async () => {
          order.push('second waits')
          free()
          await first
        },
      },
      async () => order.push('second'),
    )
    await Promise.all([first, second])
    expect(order).toEqual(['first', 'second waits', 'first ends', 'second'])
  })

  test('is not waited for longer than was said', async () => {
    const folder = scratch()
    const host = hostIn(folder)
    const path = join(folder, 'a')
    const pauses: number[] = []
    await withLock(host, { path }, async () => {
      const late = withLock(host, { path, waitMs: 1000, delay: async (ms) => pauses.push(ms) }, async () => {})
      const error = await late.catch((error) => error)
      expect(error).toEqual(expect.objectContaining({ code: 'FILE_LOCKED', file: path }))
      expect(error.message).toContain(String(process.pid))
    })
    const waited = pauses.reduce((sum, ms) => sum + ms, 0)
    expect(waited).toBeGreaterThanOrEqual(1000)
    expect(waited).toBeLessThan(1300)
    expect(readdirSync(join(folder, 'kmsfile/locks'))).toEqual([])
  })

  test('is not waited for after an interruption', async () => {
    const folder = scratch()
    const host = hostIn(folder)
    await withLock(host, { path: join(folder, 'a') }, async () => {
      const late = withLock(host, { path: join(folder, 'a') }, async () => {})
      host.abort()
      await expect(late).rejects.toEqual(coded('INTERRUPTED'))
    })
  })

  test('of a killed process counts for nothing', async () => {
    const folder = scratch()
    const path = join(folder, 'a')
    const held = await holder(folder, path)
    const host = hostIn(folder)
    await expect(withLock(host, { path, waitMs: 0 }, async () => {})).rejects.toEqual(coded('FILE_LOCKED'))
    held.kill('SIGKILL')
    await end(held)
    await withLock(host, { path, delay: never }, async () => {})
  })

  test.runIf(linux)('of a process whose number another one has now counts for nothing', async () => {
    const folder = scratch()
    const path = join(folder, 'a')
    const locks = join(folder, 'kmsfile/locks')
    const host = hostIn(folder)
    await withLock(host, { path }, async () => {
      const lock = join(locks, readdirSync(locks)[0]!)
      const reused = ownMark().replace(/\.\d+\./, '.1.')
      rmSync(lock, { recursive: true })
      mkdirSync(lock)
      writeFileSync(join(lock, `${reused}-00`), '')
      await withLock(host, { path, delay: never }, async () => {})
    })
  })

  test.runIf(linux)('of a process of another container is respected', async () => {
    const folder = scratch()
    const path = join(folder, 'a')
    const locks = join(folder, 'kmsfile/locks')
    const host = hostIn(folder)
    await withLock(host, { path }, async () => {
      const lock = join(locks, readdirSync(locks)[0]!)
      rmSync(lock, { recursive: true })
      mkdirSync(lock)
      writeFileSync(join(lock, '1.1.00000000-00'), '')
      const late = await withLock(host, { path, waitMs: 0 }, async () => {}).catch((error) => error)
      expect(late).toEqual(coded('FILE_LOCKED'))
      expect(late.hint).toContain(lock)
    })
  })

  test.runIf(linux)('that a killed process was about to take is cleaned away', async () => {
    const folder = scratch()
    const locks = join(folder, 'kmsfile/locks')
    const dead = ownMark().replace(/^\d+\.\d+/, '1.1')
    mkdirSync(join(locks, `${'0'.repeat(32)}.${dead}-00`), { recursive: true })
    await withLock(hostIn(folder), { path: join(folder, 'a') }, async () => {})
    expect(readdirSync(locks)).toEqual([])
  })
})

describe('the folder of locks', () => {
  test.runIf(linux)('lets nobody else in', async () => {
    const folder = scratch()
    mkdirSync(join(folder, 'kmsfile'))
    chmodSync(join(folder, 'kmsfile'), 0o777)
    await withLock(hostIn(folder), { path: join(folder, 'a') }, async () => {})
    expect(statSync(join(folder, 'kmsfile')).mode & 0o777).toBe(0o700)
  })

  test.runIf(linux)('is not a link that somebody has put there', async () => {
    const folder = scratch()
    symlinkSync(scratch(), join(folder, 'kmsfile'))
    const locked = withLock(hostIn(folder), { path: join(folder, 'a') }, async () => {})
    await expect(locked).rejects.toEqual(coded('FILE_UNWRITABLE'))
  })

  test.runIf(linux)('is not in a session folder that others can write', async () => {
    const folder = scratch()
    chmodSync(folder, 0o777)
    const host = hostIn(scratch(), { env: { XDG_RUNTIME_DIR: folder, TMPDIR: scratch() } })
    await withLock(host, { path: join(folder, 'a') }, async () => {})
    expect(readdirSync(folder)).toEqual([])
  })
})

test('processes that count up one file lose no step, also when some are killed', async () => {
  const folder = scratch()
  const path = join(folder, 'count')
  writeFileSync(path, '0')
  const child = await program(
    scratch(),
    `import { writeSync } from 'node:fs'
     import { readText, replaceFile } from '#src/host/files.ts'
     import { withLock } from '#src/host/lock.ts'
     const [, , folder, path, steps] = process.argv
     const host = { env: { XDG_RUNTIME_DIR: folder }, platform: process.platform, signal: new AbortController().signal }
     const delay = () => new Promise(setImmediate)
     for (let step = 0; step < Number(steps); step++) {
       await withLock(host, { path, waitMs: Infinity, delay }, async () => {
         const { text } = await readText(path)
         await replaceFile(path, String(Number(text) + 1))
         // Still under the lock: what is not said may or may not have happened, what is said has.
         writeSync(1, '+')
       })
     }`,
  )
  const start = (steps: number) =>
    spawn('node', [child, folder, path, String(steps)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const counters = [start(40), start(40), start(40)]
  const victims = [start(1000), start(1000)]
  let said = 0
  for (const counter of [...counters, ...victims]) counter.stdout.on('data', (marks: Buffer) => (said += marks.length))
  victims.forEach((victim, turn) => {
    let steps = 0
    victim.stdout.on('data', (marks: Buffer) => {
      steps += marks.length
      if (steps > 10 + turn) victim.kill('SIGKILL')
    })
  })
  const ends = await Promise.all([...counters, ...victims].map(end))
  expect(ends).toEqual([0, 0, 0, 'SIGKILL', 'SIGKILL'])
  const count = Number(readFileSync(path, 'utf8'))
  expect(count).toBeGreaterThanOrEqual(said)
  // Each of the killed may have been between its write and its word.
  expect(count).toBeLessThanOrEqual(said + victims.length)
})
