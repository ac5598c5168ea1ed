import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { installedRepository, plain } from './installed-repository.ts'
import type { MergeRepository } from './merge-repository.ts'
import { BIN } from './scratch-repository.ts'

/** A history that takes git a while, on a machine with an agent. */
async function longHistory() {
  const repository = await installedRepository()
  for (let i = 0; i < 8; i++) await repository.saved(plain(`version-${i}`))
  const env = { ...repository.env, KMSFILE_AGENT: '1' }
  onTestFinished(() => void repository.kmsfile(['agent', 'stop'], { env }))
  expect(repository.kmsfile(['agent', 'start'], { env })).toMatchObject({ code: 0 })
  return { repository, env }
}

/** Command lines of the programs that have the home of a repository in their environment. */
function running({ home }: MergeRepository): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`HOME=${home}`)) return []
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()]
      } catch {
        return []
      }
    })
}

/** After a while, nothing runs but the agent, which answers. */
async function expectNothingLeft(repository: MergeRepository, env: Readonly<Record<string, string>>) {
  await vi.waitFor(() => expect(running(repository).filter((command) => !/agent/.test(command))).toEqual([]), 10_000)
  expect(JSON.parse(repository.kmsfile(['agent', 'status', '--json'], { env }).stdout)).toMatchObject({ running: true })
}

describe.skipIf(!existsSync('/proc/self/environ'))('where the system says what runs', () => {
  test.each([
    ['git log -p', 'git log -p'],
    ['kmsfile git log -p', `'${process.execPath}' '${BIN}' git log -p`],
  ])('a reader of %s who has seen enough leaves nothing behind', async (_, command) => {
    const { repository, env } = await longHistory()
    const child = spawn('sh', ['-c', `${command} | head -1`], {
      cwd: repository.top,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk) => {
      out += chunk
    })
    child.stderr.on('data', (chunk) => {
      err += chunk
    })
    const code = await new Promise((resolve) => child.once('close', resolve))
    expect({ code, out, err }).toEqual({ code: 0, out: expect.stringMatching(/^commit [0-9a-f]{40}\n$/), err: '' })
    await expectNothingLeft(repository, env)
  })

  test.each([
    ['git log -p', 'git', ['log', '-p']],
    ['kmsfile git log -p', process.execPath, [BIN, 'git', 'log', '-p']],
  ] as const)('neither does who interrupts %s', async (_, program, args) => {
    const { repository, env } = await longHistory()
    // A group of its own, as a shell gives it to what it runs: Ctrl-C goes to all of it.
    const child = spawn(program, args, {
      cwd: repository.top,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const ended = new Promise<unknown>((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)))
    await new Promise((resolve) => child.stdout.once('data', resolve))
    process.kill(-(child.pid as number), 'SIGINT')
    expect(['SIGINT', 130, 0]).toContain(await ended)
    await expectNothingLeft(repository, env)
  })
})
