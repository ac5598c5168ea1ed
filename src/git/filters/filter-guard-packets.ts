import { interrupted } from '../../host/interrupt.ts'

/*
 * git's packets, gitprotocol-common(5): four hexadecimal digits for the length of the whole packet, then what is in it. `0000` is
 * no packet but the end of a list of them.
 */

const LENGTH_BYTES = 4
/** LARGE_PACKET_MAX in git's pkt-line.h. */
const MAX_PACKET_BYTES = 65520
const FLUSH: Uint8Array = Buffer.from('0000')

/** Reads packets; undefined for the end of a list. Ends where the other side does, between two packets. */
export interface PacketReader {
  /**
   * The next packet: its bytes, or `end of list`; `over` when there is nothing more.
   *
   * @throws KmsfileError `INTERRUPTED` where it ends in the middle; Error for what is no packet
   */
  next(): Promise<Uint8Array | 'end of list' | 'over'>
  /** The texts up to the end of the list, without their line breaks; undefined when there is nothing more. */
  texts(): Promise<readonly string[] | undefined>
}

export function packetReader(chunks: AsyncIterable<Uint8Array>): PacketReader {
  const source = chunks[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)

  /** The next bytes; undefined where the stream ends before the first of them. */
  const take = async (length: number): Promise<Buffer | undefined> => {
    const parts: Buffer[] = []
    for (let missing = length; missing > 0; ) {
      if (rest.length === 0) {
        const { done, value } = await source.next()
        if (done && missing === length) return undefined
        if (done) throw interrupted()
        rest = Buffer.from(value.buffer, value.byteOffset, value.length)
      }
      const part = rest.subarray(0, missing)
      rest = rest.subarray(part.length)
      missing -= part.length
      parts.push(part)
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts)
  }

  const reader: PacketReader = {
    async next() {
      const digits = await take(LENGTH_BYTES)
      if (digits === undefined) return 'over'
      const text = digits.toString('latin1')
      const length = /^[0-9a-f]{4}$/i.test(text) ? Number.parseInt(text, 16) : -1
      if (length === 0) return 'end of list'
      // 1 to 3 have meanings that this protocol does not use.
      if (length < LENGTH_BYTES || length > MAX_PACKET_BYTES) throw new Error('not a packet of git')
      if (length === LENGTH_BYTES) return new Uint8Array()
      const bytes = await take(length - LENGTH_BYTES)
      if (bytes === undefined) throw interrupted()
      return bytes
    },
    async texts() {
      const texts: string[] = []
      for (;;) {
        const packet = await reader.next()
        if (packet === 'end of list') return texts
        if (packet === 'over') {
          if (texts.length > 0) throw interrupted()
          return undefined
        }
        texts.push(Buffer.from(packet).toString('utf8').replace(/\n$/, ''))
      }
    },
  }
  return reader
}

/** A list of texts, with its end. */
export function textPackets(texts: readonly string[]): Uint8Array {
  return Buffer.concat([...texts.flatMap((text) => packet(Buffer.from(`${text}\n`))), FLUSH])
}

/** A content in as many packets as it takes, with the end of the list. */
export function* contentPackets(chunks: readonly Uint8Array[]): Generator<Uint8Array> {
  const largest = MAX_PACKET_BYTES - LENGTH_BYTES
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += largest) yield* packet(chunk.subarray(at, at + largest))
  }
  yield FLUSH
}

function packet(bytes: Uint8Array): readonly Uint8Array[] {
  const length = (bytes.length + LENGTH_BYTES).toString(16).padStart(LENGTH_BYTES, '0')
  return [Buffer.from(length), bytes]
}
