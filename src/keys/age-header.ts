import { createHmac } from 'node:crypto'
import { sameBytes } from '../core/bytes.ts'
import { AgeFileError } from './age-error.ts'
import { deriveKey } from './age-primitives.ts'

/** A file key, wrapped for one recipient. */
export interface Stanza {
  /** `X25519`, `scrypt`, `ssh-ed25519` ... */
  readonly type: string
  readonly args: readonly string[]
  readonly body: Uint8Array
}

export interface Header {
  readonly stanzas: readonly Stanza[]
  readonly mac: Uint8Array
  /** The header as it stands in the file, MAC and line break included. */
  readonly bytes: Uint8Array
}

const INTRO = 'age-encryption.org/v1\n'
const MAC_MARK = '---'
const COLUMNS = 64
const BODY_LINE_BYTES = 48
const MAC_BYTES = 32

/**
 * Reads the header of an age file; what follows it is the payload.
 *
 * @throws AgeFileError of the header
 */
export function parseHeader(file: Uint8Array): Header {
  // One character a byte, so that offsets are the same and nothing outside ASCII passes for something else.
  const text = Buffer.from(file.buffer, file.byteOffset, file.byteLength).toString('latin1')
  if (!text.startsWith(INTRO)) throw malformed('it does not begin with the line of version 1')
  const stanzas: Stanza[] = []
  let at = INTRO.length
  while (!text.startsWith(MAC_MARK, at)) {
    const { stanza, end } = parseStanza(text, at)
    stanzas.push(stanza)
    at = end
  }
  if (stanzas.length === 0) throw malformed('it has no recipient')
  const { line, end } = lineAt(text, at)
  const mac = line.startsWith(`${MAC_MARK} `) ? decodeBase64(line.slice(MAC_MARK.length + 1)) : undefined
  if (mac?.length !== MAC_BYTES) throw malformed('the last line of its header is malformed')
  return { stanzas, mac, bytes: file.subarray(0, end) }
}

/** Prints a header with its MAC. */
export function printHeader(stanzas: readonly Stanza[], fileKey: Uint8Array): Uint8Array {
  const text = `${INTRO}${stanzas.map(printStanza).join('')}${MAC_MARK}`
  return Buffer.from(`${text} ${encodeBase64(macOf(Buffer.from(text, 'latin1'), fileKey))}\n`, 'latin1')
}

/**
 * Checks that a header is the one that was made with the file key.
 *
 * @throws AgeFileError of the MAC
 */
export function verifyHeader({ bytes, mac }: Header, fileKey: Uint8Array): void {
  const macLineBytes = encodeBase64(mac).length + 2
  if (!sameBytes(macOf(bytes.subarray(0, bytes.length - macLineBytes), fileKey), mac)) throw new AgeFileError('mac')
}

/** Canonical base64 without padding, as headers have it; undefined for anything else. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return encodeBase64(bytes) === text ? bytes : undefined
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64').replace(/=+$/, '')
}

/** A stanza of a known type that is not as that type has to be. */
export function malformedStanza({ type }: Stanza): AgeFileError {
  return malformed(`its ${type} stanza is malformed`)
}

function parseStanza(text: string, start: number): { stanza: Stanza; end: number } {
  const first = lineAt(text, start)
  // `->`, then arguments of printable ASCII, one space before each.
  if (!/^->(?: [!-~]+)+$/.test(first.line)) throw malformed('a stanza begins in a wrong way')
  const [type = '', ...args] = first.line.slice(3).split(' ')
  const body: Uint8Array[] = []
  let at = first.end
  for (let length = COLUMNS; length === COLUMNS; ) {
    const { line, end } = lineAt(text, at)
    const bytes = line.length <= COLUMNS ? decodeBase64(line) : undefined
    if (bytes === undefined) throw malformed(`the body of its ${type} stanza is malformed`)
    body.push(bytes)
    at = end
    length = line.length
  }
  return { stanza: { type, args, body: Buffer.concat(body) }, end: at }
}

function printStanza({ type, args, body }: Stanza): string {
  const lines = [['->', type, ...args].join(' ')]
  // The last line is shorter than the others, and empty rather than missing.
  for (let at = 0; at <= body.length; at += BODY_LINE_BYTES) {
    lines.push(encodeBase64(body.subarray(at, at + BODY_LINE_BYTES)))
  }
  return `${lines.join('\n')}\n`
}

function lineAt(text: string, start: number): { line: string; end: number } {
  const end = text.indexOf('\n', start)
  if (end === -1) throw malformed('its header is cut off')
  return { line: text.slice(start, end), end: end + 1 }
}

function macOf(header: Uint8Array, fileKey: Uint8Array): Uint8Array {
  const key = deriveKey(fileKey, { info: 'header' })
  const mac = createHmac('sha256', key).update(header).digest()
  key.fill(0)
  return mac
}

function malformed(problem: string): AgeFileError {
  return new AgeFileError('header', problem)
}
