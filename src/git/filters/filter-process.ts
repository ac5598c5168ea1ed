import { once } from 'node:events'
import { KmsfileError } from '../../errors.ts'
import { readStdin } from '../../host/files.ts'
import type { Host } from '../../host/host.ts'
import { interrupted } from '../../host/interrupt.ts'
import { contentPackets, type PacketReader, packetReader, textPackets } from './filter-guard-packets.ts'

/** What becomes of one content on its way into the repository, or out of it. */
export interface Conversion {
  /** Beyond this, the content need not be kept. Undefined: it may be of any size. */
  readonly maxBytes: number | undefined
  /** What takes its place, or itself; undefined where it is refused. Undefined stands for a content that is too large. */
  convert(content: Uint8Array | undefined): Promise<Uint8Array | undefined>
}

/** Paths are from the top of the repository, as git names them. Whatever is thrown ends the filter for all files. */
export interface Filter {
  /** Into the repository. */
  clean(path: string): Promise<Conversion>
  /** Out of it. Absent: contents pass as they are. */
  readonly smudge?: ((path: string) => Promise<Conversion>) | undefined
}

const AT_ONCE_BYTES = 1024 * 1024

/**
 * Is git's long-running filter (gitattributes(5), version 2 of the protocol) for as long as one command of git lasts. What is
 * refused, git writes no object of. Reads each content to its end before it answers, since git does not listen before.
 *
 * @throws KmsfileError `GIT_FAILED` for what is not the protocol, `INTERRUPTED` where git ends in the middle of it
 */
export async function talkToGit(host: Pick<Host, 'stdin' | 'stdout'>, filter: Filter): Promise<void> {
  const packets = packetReader(host.stdin as AsyncIterable<Uint8Array>)
  const write = async (bytes: Uint8Array) => {
    if (!host.stdout.write(bytes)) await once(host.stdout, 'drain')
  }
  try {
    if (!(await greet(packets, write))) return
    for (let request = await packets.texts(); request !== undefined; request = await packets.texts()) {
      await answer(request, { packets, write, filter })
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
export async function convertOnce(host: Host, { maxBytes, convert }: Conversion): Promise<boolean> {
  const content = await readStdin(host, { maxBytes: maxBytes ?? Number.POSITIVE_INFINITY })
  const result = await convert(content)
  if (result === undefined) return false
  if (!host.stdout.write(result)) await once(host.stdout, 'drain')
  return true
}

interface Talk {
  readonly filter: Filter
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

async function answer(request: readonly string[], { packets, write, filter }: Talk): Promise<void> {
  const value = (name: string) => request.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1)
  const direction = value('command') === 'clean' ? filter.clean : filter.smudge
  if (direction === undefined) {
    const { chunks } = await readContent(packets, undefined)
    return pass(chunks ?? [], write)
  }
  const { maxBytes, convert } = await direction(value('pathname') ?? '')
  const { chunks } = await readContent(packets, maxBytes)
  const content = chunks === undefined ? undefined : whole(chunks)
  const result = await convert(content)
  if (result === undefined) return write(textPackets(['status=error']))
  return pass(result === content ? (chunks ?? []) : [result], write)
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
