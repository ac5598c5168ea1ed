import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { KMSClient } from '@aws-sdk/client-kms'
import { inject } from 'vitest'

/** A server of somebody else that speaks AWS KMS and STS, with a recorder of what it is asked in front. */
export interface AwsServer {
  /** The environment in which programs find it. */
  readonly env: Readonly<Record<string, string>>
  /** What it was asked since the last call of `forget`: `KMS Encrypt`, `STS AssumeRole`. */
  readonly asked: readonly string[]
  forget(): void
  /** A client to make keys with. */
  client(region?: string): KMSClient
  stop(): Promise<void>
}

export const hasPython = inject('peers').python !== null

/** https://github.com/getmoto/moto */
export function startMoto(folder: string): Promise<AwsServer> {
  return startAws(folder, (port) => ({ args: ['-m', 'moto.server', '-H', '127.0.0.1', '-p', `${port}`], env: {} }))
}

/** https://github.com/ministackorg/ministack: with replicas in other regions, and keys that are disabled or deleted. */
export function startMinistack(folder: string): Promise<AwsServer> {
  return startAws(folder, (port) => ({
    args: ['-m', 'ministack'],
    // Without its other listeners, which have ports of their own.
    env: {
      GATEWAY_PORT: `${port}`,
      BIND_HOST: '127.0.0.1',
      SERVICES: 'kms,sts',
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
    },
  }))
}

interface Program {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

async function startAws(folder: string, program: (port: number) => Program): Promise<AwsServer> {
  const { child, port } = await startOnFreePort(folder, program)
  const recorder = await startRecorder(port)
  const env = {
    AWS_ENDPOINT_URL_KMS: recorder.url,
    AWS_ENDPOINT_URL_STS: recorder.url,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_REGION: 'us-east-1',
    AWS_MAX_ATTEMPTS: '1',
  }
  return {
    env,
    asked: recorder.asked,
    forget: () => void recorder.asked.splice(0),
    client(region = 'us-east-1') {
      const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
      return new KMSClient({ region, endpoint: recorder.url, credentials, maxAttempts: 1 })
    },
    async stop() {
      recorder.close()
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

const TRIES = 3
const POLLS = 300
const POLL_MS = 100

/** Starts a server that is told its port. Somebody else may take the port meanwhile; then another one is tried. */
async function startOnFreePort(
  folder: string,
  program: (port: number) => Program,
): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  let output = ''
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const port = await freePort()
    const { args, env } = program(port)
    const child = spawn(inject('peers').python ?? 'python3', args, {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder, TMPDIR: folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    // A worker that dies takes its servers along.
    process.once('exit', () => child.kill('SIGKILL'))
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output = `${output}${chunk}`.slice(-2000)
      })
    }
    for (let poll = 0; poll < POLLS && child.exitCode === null; poll++) {
      if (await answers(port)) return { child, port }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
    child.kill('SIGKILL')
  }
  throw new Error(`a server does not start: ${output}`)
}

async function freePort(): Promise<number> {
  const server = createTcpServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** Passes everything on to a port, and keeps the names of the actions. */
async function startRecorder(port: number) {
  const asked: string[] = []
  const server = createServer(async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const target = /^TrentService\.(\w+)$/.exec(String(incoming.headers['x-amz-target']))?.[1]
    asked.push(target === undefined ? `STS ${new URLSearchParams(body.toString()).get('Action')}` : `KMS ${target}`)
    const { method, url, headers } = incoming
    const passed = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    passed.once('error', () => outgoing.destroy())
    passed.end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
