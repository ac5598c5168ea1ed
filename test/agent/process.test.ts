import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { PROGRAM, type ProgramRun, runProgram } from '../built-program.ts'
import { scratch } from '../host/scratch.ts'
import { ACCESS_KEYS, ARN } from '../keys/aws-machine.ts'
import { type KmsServer, startKmsServer } from '../kms-server.ts'

interface Machine {
  readonly folder: string
  readonly env: Record<string, string | undefined>
  kmsfile(...args: string[]): Promise<ProgramRun>
  /** The agent, as it says of itself; undefined where none runs. */
  agent(): Promise<{ readonly pid: number; readonly keys: number; readonly idleMs: number } | undefined>
}

/** A machine with nothing on it; its agent ends with the test. */
function machine(variables: Record<string, string> = {}): Machine {
  const folder = scratch()
  for (const name of ['home', 'run', 'code']) mkdirSync(join(folder, name), { mode: 0o700 })
  const env = {
    PATH: process.env['PATH'],
    HOME: join(folder, 'home'),
    XDG_RUNTIME_DIR: join(folder, 'run'),
    NODE_DISABLE_COMPILE_CACHE: '1',
    ...variables,
  }
  const kmsfile = (...args: string[]) => runProgram(args, { cwd: join(folder, 'code'), env })
  onTestFinished(async () => {
    await kmsfile('agent', 'stop')
  })
  return {
    folder,
    env,
    kmsfile,
    async agent() {
      const { running, ...state } = JSON.parse((await kmsfile('agent', 'status', '--json')).stdout)
      return running ? state : undefined
    },
  }
}

/** A machine with a KMS, and a file that its key opens. */
async function machineWithKms(variables: Record<string, string> = {}): Promise<Machine & { readonly kms: KmsServer }> {
  const kms = await startKmsServer()
  onTestFinished(() => kms.close())
  kms.addKey(ARN)
  const own = machine({
    ...ACCESS_KEYS,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL: kms.url,
    ...variables,
  })
  writeFileSync(join(own.folder, 'code/plain.yaml'), 'password: hunter2-of-the-tests\n')
  const { stdout } = await own.kmsfile('encrypt', '--kms', ARN, 'plain.yaml')
  writeFileSync(join(own.folder, 'code/secret.yaml'), stdout)
  return { ...own, kms }
}

const decrypts = ({ calls }: KmsServer) => calls.filter(({ action }) => action === 'Decrypt').length
const PLAINTEXT = 'password: hunter2-of-the-tests\n'

/** Kills a process of somebody else's, and waits until it has ended. */
async function killed(pid: number | undefined): Promise<void> {
  // 0 is all of us.
  if (pid === undefined || pid <= 0) throw new Error('no agent')
  process.kill(pid, 'SIGKILL')
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await sleep(5)
  }
}

describe('with an agent', () => {
  test('the second command asks no key service; after a lock the next one does', async () => {
    const { kms, kmsfile, agent } = await machineWithKms({ KMSFILE_AGENT: '1' })
    expect(await kmsfile('decrypt', 'secret.yaml')).toMatchObject({ stdout: PLAINTEXT, stderr: '', code: 0 })
    expect(await agent()).toMatchObject({ keys: 1, idleMs: 900_000 })
    expect(await kmsfile('decrypt', 'secret.yaml')).toMatchObject({ stdout: PLAINTEXT })
    expect(decrypts(kms)).toBe(1)

    expect((await kmsfile('agent', 'lock')).stderr).toContain('1 data key forgotten')
    expect(await agent()).toMatchObject({ keys: 0 })
    expect(await kmsfile('decrypt', 'secret.yaml')).toMatchObject({ stdout: PLAINTEXT })
    expect(decrypts(kms)).toBe(2)
  })

  test('that was killed, commands do what they always do, and start another one', async () => {
    const { kms, kmsfile, agent } = await machineWithKms({ KMSFILE_AGENT: '1' })
    await kmsfile('decrypt', 'secret.yaml')
    const { pid } = (await agent()) ?? {}
    await killed(pid)
    expect(await kmsfile('decrypt', 'secret.yaml')).toMatchObject({ stdout: PLAINTEXT, stderr: '', code: 0 })
    expect(decrypts(kms)).toBe(2)
    expect(await agent()).toMatchObject({ keys: 1 })
  })

  test('that was killed, none is started where nobody wants one', async () => {
    const { kms, kmsfile, agent } = await machineWithKms()
    const { pid } = JSON.parse((await kmsfile('agent', 'start', '--json')).stdout)
    await killed(pid)
    expect(await kmsfile('decrypt', 'secret.yaml')).toMatchObject({ stdout: PLAINTEXT, stderr: '', code: 0 })
    expect(decrypts(kms)).toBe(1)
    expect(await agent()).toBeUndefined()
  })

  test('that cannot start, commands do what they always do, and only its own says so', async () => {
    const tooLong = join(scratch(), 'x'.repeat(80))
    mkdirSync(tooLong, { mode: 0o700 })
    const { kmsfile } = await machineWithKms({ KMSFILE_AGENT: '1', XDG_RUNTIME_DIR: tooLong })
    expect(await kmsfile('decrypt', 'secret.yaml')).toMatchObject({ stdout: PLAINTEXT, stderr: '', code: 0 })
    expect(await kmsfile('agent', 'start')).toMatchObject({ code: 4 })
    expect(await kmsfile('agent', 'start', '--foreground')).toMatchObject({ code: 4 })
  })
})

describe('an agent is started', () => {
  test("by the user's own configuration, with its idle time", async () => {
    const { folder, kms, kmsfile, agent } = await machineWithKms()
    mkdirSync(join(folder, 'home/.config/kmsfile'), { recursive: true })
    writeFileSync(join(folder, 'home/.config/kmsfile/config.yaml'), 'agent: { idle: 5m }\n')
    await kmsfile('decrypt', 'secret.yaml')
    await kmsfile('decrypt', 'secret.yaml')
    expect(decrypts(kms)).toBe(1)
    expect(await agent()).toMatchObject({ idleMs: 300_000 })
  })

  test('by a person, and by nothing else', async () => {
    const { kms, kmsfile, agent } = await machineWithKms()
    await kmsfile('decrypt', 'secret.yaml')
    expect(await agent()).toBeUndefined()

    const { pid } = JSON.parse((await kmsfile('agent', 'start', '--json')).stdout)
    expect(await agent()).toMatchObject({ pid })
    await kmsfile('decrypt', 'secret.yaml')
    await kmsfile('decrypt', 'secret.yaml')
    expect(decrypts(kms)).toBe(2)
  })

  test('by nothing that lies in a repository', async () => {
    const { folder, kmsfile, agent } = await machineWithKms()
    const code = join(folder, 'code')
    for (const name of ['.env', '.envrc', '.env.local']) writeFileSync(join(code, name), 'export KMSFILE_AGENT=1\n')
    for (const name of ['kmsfile/config.yaml', '.config/kmsfile/config.yaml', 'config.yaml', '.kmsfile/config.yaml']) {
      mkdirSync(join(code, name, '..'), { recursive: true })
      writeFileSync(join(code, name), 'agent: true\n')
    }
    expect(await kmsfile('decrypt', 'secret.yaml')).toMatchObject({ stdout: PLAINTEXT, stderr: '', code: 0 })
    expect(await agent()).toBeUndefined()

    writeFileSync(join(code, '.kmsfile.yaml'), 'version: 1\nagent: true\nrules: []\n')
    await kmsfile('decrypt', 'secret.yaml')
    expect(await agent()).toBeUndefined()
  })

  test('and not used with KMSFILE_AGENT=0', async () => {
    const { kms, kmsfile, agent } = await machineWithKms({ KMSFILE_AGENT: '0' })
    await kmsfile('agent', 'start')
    await kmsfile('decrypt', 'secret.yaml')
    await kmsfile('decrypt', 'secret.yaml')
    expect(decrypts(kms)).toBe(2)
    expect(await agent()).toMatchObject({ keys: 0 })
  })

  test('once, however many commands want one at the same time', async () => {
    const { kmsfile } = machine()
    const runs = await Promise.all(Array.from({ length: 4 }, () => kmsfile('agent', 'start', '--json')))
    const pids = runs.map(({ stdout }) => JSON.parse(stdout).pid)
    expect(new Set(pids).size).toBe(1)
    expect(Number.isInteger(pids[0])).toBe(true)
  })

  test.skipIf(process.platform !== 'linux')('with nothing of the command that did (where proc shows it)', async () => {
    const { folder, env } = machine({ AWS_SECRET_ACCESS_KEY: 'a-secret-of-the-user', NODE_OPTIONS: '--no-warnings' })
    const fd = 33
    // As shells and hook managers do: a stream beyond the usual three, whose reader waits for its end.
    const stdio = Array.from({ length: fd + 1 }, (_, i) => (i < 3 ? ('ignore' as const) : ('pipe' as const)))
    const child = spawn(process.execPath, [PROGRAM, 'agent', 'start'], { cwd: join(folder, 'code'), env, stdio })
    const streams: readonly unknown[] = child.stdio
    const stream = streams[fd] as NodeJS.ReadableStream
    const closed = new Promise((resolve) => stream.on('close', resolve).on('end', resolve).resume())
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
    await closed

    const { stdout } = await runProgram(['agent', 'status', '--json'], { cwd: folder, env })
    const proc = `/proc/${JSON.parse(stdout).pid}`
    const variables = readFileSync(`${proc}/environ`, 'utf8').split('\0').filter(Boolean)
    expect(variables.map((each) => each.split('=')[0]).sort()).toEqual(['PWD', 'XDG_RUNTIME_DIR'])
    expect(readlinkSync(`${proc}/cwd`)).toBe('/')
    for (const stream of ['0', '1', '2']) expect(readlinkSync(`${proc}/fd/${stream}`)).toBe('/dev/null')
    expect(
      readdirSync(`${proc}/fd`).filter((name) => readlinkSync(`${proc}/fd/${name}`).startsWith('/dev/pts')),
    ).toEqual([])
    // proc(5): the session is the 6th field, the terminal the 7th.
    const [, , session, terminal] = readFileSync(`${proc}/stat`, 'utf8').split(') ')[1]?.split(' ').slice(1) ?? []
    expect({ session, terminal }).toEqual({ session: proc.slice(6), terminal: '0' })
    expect(readFileSync(`${proc}/limits`, 'utf8')).toMatch(/^Max core file size +0 +0 /m)
    expect(readFileSync(`${proc}/coredump_filter`, 'utf8').trim()).toMatch(/^0+$/)
  })
})

describe('the process', () => {
  /** An agent in the foreground, whose streams can be looked at. */
  async function foreground(variables: Record<string, string> = {}) {
    const own = machine(variables)
    const child = spawn(process.execPath, [PROGRAM, 'agent', 'start', '--foreground'], {
      cwd: own.folder,
      env: own.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
    await new Promise<void>((resolve) => {
      child.stderr.on('data', (text) => {
        said += text
        if (/the agent runs/.test(said)) resolve()
      })
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    return { ...own, child, exited, said: () => said }
  }

  test('opens no door for a debugger when it is asked to', async () => {
    const { child, agent, said } = await foreground()
    child.kill('SIGUSR1')
    expect(await agent()).toMatchObject({ pid: child.pid })
    expect(said()).not.toMatch(/debugger/i)
  })

  test('closes the door that an option has opened', async () => {
    const { child, agent, said } = await foreground({ NODE_OPTIONS: '--inspect=127.0.0.1:0' })
    const url = /ws:\/\/(\S+?)\//.exec(said())?.[1]
    expect(url).toBeDefined()
    await expect(fetch(`http://${url}/json`)).rejects.toThrow()
    expect(await agent().catch(() => undefined)).toMatchObject({ pid: child.pid })
  })

  test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('ends on %s and leaves nothing behind', async (signal) => {
    const { child, exited, folder } = await foreground()
    expect(existsSync(join(folder, 'run/kmsfile/agent.sock'))).toBe(true)
    child.kill(signal)
    await exited
    expect(existsSync(join(folder, 'run/kmsfile/agent.sock'))).toBe(false)
  })

  test('says who it is, and that another one runs', async () => {
    const { kmsfile } = await foreground()
    expect(await kmsfile('agent', 'start', '--foreground')).toMatchObject({ code: 0 })
    expect((await kmsfile('agent', 'start')).stderr).toMatch(/^the agent runs \(process \d+\) with 0 data keys/)
    expect(await kmsfile('agent', 'stop')).toMatchObject({ code: 0 })
    expect(await kmsfile('agent', 'status')).toMatchObject({ code: 1, stderr: 'no agent runs\n' })
    expect(await kmsfile('agent', 'stop')).toMatchObject({ code: 0, stderr: 'no agent runs\n' })
  })

  test('does not start for an action or a time that makes no sense', async () => {
    const { kmsfile } = machine()
    expect(await kmsfile('agent', 'pause')).toMatchObject({ code: 2 })
    expect(await kmsfile('agent', 'start', '--idle', '15')).toMatchObject({ code: 2 })
    expect(await kmsfile('agent', 'start', '--idle', '13h')).toMatchObject({ code: 2 })
    expect(await kmsfile('agent', 'status')).toMatchObject({ code: 1 })
  })
})
