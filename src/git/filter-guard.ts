import { once } from 'node:events'
import { KmsfileError } from '../errors.ts'
import { readStdin } from '../host/files.ts'
import type { Host } from '../host/host.ts'
import { interrupted } from '../host/interrupt.ts'
import type { Guard } from './filter-guard-judge.ts'
import { contentPackets, type PacketReader, packetReader, textPackets } from './filter-guard-packets.ts'
import type { Finding } from './finding.ts'

const AT_ONCE_BYTES = 1024 * 1024

export interface FilterOptions {
  readonly guard: Guard
  /** Says what is refused, and what follows: what somebody lets pass is not in it. */
  readonly refuse: (findings: readonly Finding[]) => boolean
}

/**
 * Is git's long-running filter (gitattributes(5), version 2 of the protocol) for as long as one command of git lasts. Contents pass
 * as they are, both ways; on their way into the repository those in which something is wrong are refused, so that git writes no
 * object. Reads each content to its end before it answers, since git does not listen before.
 *
 * @throws KmsfileError `GIT_FAILED` for what is not the protocol, `INTERRUPTED` where git ends in the middle of it
 */
export async function runFilterProcess(host: Pick<Host, 'stdin' | 'stdout'>, options: FilterOptions): Promise<void> {
  const packets = packetReader(host.stdin as AsyncIterable<Uint8Array>)
  const write = async (bytes: Uint8Array) => {
    if (!host.stdout.write(bytes)) await once(host.stdout, 'drain')
  }
  try {
    if (!(await greet(packets, write))) return
    for (let request = await packets.texts(); request !== undefined; request = await packets.texts()) {
      await answer(request, { packets, write, ...options })
    }
  } catch (error) {
    if (error instanceof KmsfileError) throw error
    throw new KmsfileError('what started the filter does not talk like git', {
      code: 'GIT_FAILED',
      cause: error,
    })
  }
}

/**
 * The filter for one content, from stdin to stdout, for what knows no long-running ones. True where it passes.
 *
 * @throws KmsfileError `FILE_TOO_LARGE`
 */
export async function runFilterOnce(host: Host, path: string, { guard, refuse }: FilterOptions): Promise<boolean> {
  const guarded = await guard.at(path)
  const content = await readStdin(host, { maxBytes: guarded.maxBytes ?? Number.POSITIVE_INFINITY })
  if (refuse(await guarded.judge(content))) return false
  if (!host.stdout.write(content)) await once(host.stdout, 'drain')
  return true
}

interface Talk extends FilterOptions {
  readonly packets: PacketReader
  readonly write: (bytes: Uint8Array) => Promise<void>
}

/** False where git has gone already. */
async function greet(packets: PacketReader, write: Talk['write']): Promise<boolean> {
  const [welcome, ...versions] = (await packets.texts()) ?? []
  if (welcome === undefined) return false
  if (welcome !== 'git-filter-client' || !versions.includes('version=2')) throw new Error('another protocol')
  await write(textPackets(['git-filter-server', 'version=2']))
  if ((await packets.texts()) === undefined) return false
  await write(textPackets(['capability=clean', 'capability=smudge']))
  return true
}

async function answer(request: readonly string[], { packets, write, guard, refuse }: Talk): Promise<void> {
  const value = (name: string) => request.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1)
  const path = value('pathname') ?? ''
  if (value('command') !== 'clean') {
    const { chunks } = await readContent(packets, undefined)
    return pass(chunks ?? [], write)
  }
  // Whatever goes wrong here must not end the process: git would take that for an answer to all files.
  const guarded = await guard.at(path).catch(asFinding(path))
  const { chunks } = await readContent(packets, 'verdict' in guarded ? 0 : guarded.maxBytes)
  const content = chunks === undefined ? undefined : whole(chunks)
  const findings =
    'verdict' in guarded ? [guarded] : await guarded.judge(content).catch((error) => [asFinding(path)(error)])
  if (refuse(findings)) return write(textPackets(['status=error']))
  return pass(chunks ?? [], write)
}

async function pass(chunks: readonly Uint8Array[], write: Talk['write']): Promise<void> {
  // An empty list behind the content: the status stays.
  const [head, tail] = [textPackets(['status=success']), textPackets([])]
  const size = chunks.reduce((sum, { length }) => sum + length, 0)
  // Most files are small, and each write is a call into the system.
  if (size <= AT_ONCE_BYTES) return write(Buffer.concat([head, ...contentPackets(chunks), tail]))
  await write(head)
  for (const packet of contentPackets(chunks)) await write(packet)
  await write(tail)
}

/** Reads to the end of the content, and keeps it unless it is larger than anything that is let through. */
async function readContent(
  packets: PacketReader,
  maxBytes: number | undefined,
): Promise<{ readonly chunks: readonly Uint8Array[] | undefined }> {
  let chunks: Uint8Array[] | undefined = []
  let length = 0
  for (;;) {
    const packet = await packets.next()
    if (packet === 'end of list') return { chunks }
    if (packet === 'over') throw interrupted()
    length += packet.length
    if (maxBytes !== undefined && length > maxBytes) chunks = undefined
    chunks?.push(packet)
  }
}

function whole(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks)
}

/** What cannot be judged is not let through. */
function asFinding(path: string): (error: unknown) => Finding {
  return (error) => {
    if (!(error instanceof KmsfileError)) throw error
    return { verdict: 'unreadable', severity: 'refuse', path, message: error.message }
  }
}
