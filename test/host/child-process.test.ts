import { describe, expect, test } from 'vitest'
import { run } from '../../src/host/child-process.ts'

const node = (script: string, ...args: string[]) => [process.execPath, ['-e', script, ...args]] as const

describe('run', () => {
  test('gives back what a program prints and how it ends', async () => {
    const result = await run(
      ...node('process.stdout.write(Buffer.of(0, 255)); console.error("é"); process.exitCode = 7'),
    )
    expect(Uint8Array.from(result.stdout)).toEqual(Uint8Array.of(0, 255))
    expect(result.stderr).toBe('é\n')
    expect(result.code).toBe(7)
  })

  test('hands on its input, and none is an empty one', async () => {
    const echo = node('process.stdin.pipe(process.stdout)')
    expect(Buffer.from((await run(...echo, { input: 'text' })).stdout).toString()).toBe('text')
    expect((await run(...echo)).stdout.length).toBe(0)
  })

  test('does not mind a program that leaves its input unread', async () => {
    expect(await run(...node(''), { input: Buffer.alloc(4 * 1024 * 1024) })).toMatchObject({ code: 0 })
  })

  test('never takes an argument for syntax', async () => {
    const args = ['$HOME', '`id`', 'a b', '"', "'", ';', '*']
    const script = 'console.log(JSON.stringify(process.argv.slice(1)))'
    const { stdout } = await run(...node(script, ...args))
    expect(JSON.parse(Buffer.from(stdout).toString())).toEqual(args)
  })

  test('gives a program the environment and folder that it is told, and no other', async () => {
    const script = 'console.log(JSON.stringify([process.env.ONE, process.env.TWO ?? null, process.cwd()]))'
    const { stdout } = await run(...node(script), { env: { ONE: '1', TWO: undefined }, cwd: '/' })
    expect(JSON.parse(Buffer.from(stdout).toString())).toEqual(['1', null, '/'])
  })

  test('counts a signal as shells do', async () => {
    expect(await run(...node('process.kill(process.pid, "SIGKILL")'))).toMatchObject({ code: 137 })
  })

  test('stops a program that takes too long, or when it is told to', async () => {
    const forever = node('setInterval(() => {}, 1000)')
    await expect(run(...forever, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'INTERRUPTED' })
    const stop = new AbortController()
    const call = run(...forever, { signal: stop.signal })
    stop.abort()
    await expect(call).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await expect(run(...forever, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'INTERRUPTED' })
  })

  test('fails with the system error where there is no such program', async () => {
    await expect(run('kmsfile-no-such-program', [])).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
