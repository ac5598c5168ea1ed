import { createHash } from 'node:crypto'
import { inflateSync } from 'node:zlib'
import * as ageEncryption from 'age-encryption'
import * as vectors from 'cctv-age'
import { describe, expect, test } from 'vitest'
import { armor, dearmor } from '../../src/keys/age-armor.ts'
import { AgeFileError } from '../../src/keys/age-error.ts'
import { openFile } from '../../src/keys/age-file.ts'
import { type Header, parseHeader, printHeader } from '../../src/keys/age-header.ts'
import { parseIdentities } from '../../src/keys/age-identity.ts'
import { unwrapWithPackage } from '../../src/keys/age-package.ts'
import { openPayload, sealPayload } from '../../src/keys/age-payload.ts'

// Everything that C2SP has to say about the age format (c2sp.org/CCTV, "age"): what must open, and at which part
// everything else must fail.

interface Vector {
  readonly name: string
  readonly expect: string
  readonly payload: string | undefined
  readonly fileKey: Uint8Array
  readonly identities: readonly string[]
  readonly passphrases: readonly string[]
  readonly armored: boolean
  readonly file: Buffer
}

const kit = Object.entries(vectors as unknown as Record<string, Uint8Array>)
  .filter(([, bytes]) => bytes instanceof Uint8Array)
  .map(([name, bytes]) => parseVector(name, Buffer.from(bytes)))

function parseVector(name: string, bytes: Buffer): Vector {
  const end = bytes.indexOf('\n\n')
  const fields = bytes
    .subarray(0, end)
    .toString()
    .split('\n')
    .map((line) => line.split(/: (.*)/) as [string, string])
  const all = (wanted: string) => fields.filter(([key]) => key === wanted).map(([, value]) => value)
  const body = bytes.subarray(end + 2)
  return {
    name,
    expect: all('expect')[0]!,
    payload: all('payload')[0],
    fileKey: Buffer.from(all('file key')[0] ?? '', 'hex'),
    identities: all('identity'),
    passphrases: all('passphrase'),
    armored: all('armored')[0] === 'yes',
    file: all('compressed').length > 0 ? inflateSync(body) : body,
  }
}

const FAILURES = {
  armor: 'armor failure',
  header: 'header failure',
  mac: 'HMAC failure',
  payload: 'payload failure',
} as const

/** Our reader: armor, header, MAC and payload are ours in every case; the package finds the file key where ours cannot. */
async function openWithOurs({ file, armored, identities, passphrases }: Vector): Promise<Uint8Array | string> {
  const list = parseIdentities(identities.join('\n'), 'kit')
  expect(list.problems).toEqual([])
  const unwrapFileKey = async (header: Header) => {
    for (const identity of list.identities) {
      const fileKey = await identity.unwrapFileKey(header)
      if (fileKey !== undefined) return fileKey
    }
    for (const passphrase of passphrases) {
      const fileKey = await unwrapWithPackage(header, { passphrase })
      if (fileKey !== undefined) return fileKey
    }
    return undefined
  }
  try {
    const binary = armored ? dearmor(file.toString('latin1')) : file
    return (await openFile(binary, unwrapFileKey)) ?? 'no match'
  } catch (error) {
    if (error instanceof AgeFileError) return FAILURES[error.part]
    throw error
  }
}

async function openWithPackage({ file, armored, identities, passphrases }: Vector): Promise<Uint8Array | undefined> {
  const decrypter = new ageEncryption.Decrypter()
  for (const identity of identities) decrypter.addIdentity(identity)
  for (const passphrase of passphrases) decrypter.addPassphrase(passphrase)
  try {
    return await decrypter.decrypt(armored ? ageEncryption.armor.decode(file.toString('latin1')) : file)
  } catch {
    return undefined
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

test('the kit has all of its vectors', () => {
  expect(kit.length).toBeGreaterThan(110)
})

describe.each(kit)('$name ($expect)', (vector) => {
  test('ends in our reader as the kit expects', async () => {
    const result = await openWithOurs(vector)
    expect(typeof result === 'string' ? result : 'success').toBe(vector.expect)
    if (typeof result !== 'string') expect(sha256(result)).toBe(vector.payload)
  })

  test('ends in age-encryption as in our reader', async () => {
    const [ours, theirs] = [await openWithOurs(vector), await openWithPackage(vector)]
    expect(theirs && sha256(theirs)).toBe(typeof ours === 'string' ? undefined : sha256(ours))
  })
})

describe.each(kit.filter(({ armored, expect }) => armored && expect !== 'armor failure'))('$name', ({ file }) => {
  test('has its armor printed as it was', () => {
    const text = file.toString('latin1')
    expect(armor(dearmor(text))).toBe(`${text.trim().replaceAll('\r\n', '\n')}\n`)
  })
})

describe.each(kit.filter(({ armored, expect }) => !armored && expect !== 'header failure'))('$name', (vector) => {
  test('has its header printed as it was', () => {
    const { bytes, stanzas } = parseHeader(vector.file)
    const printed = printHeader(stanzas, vector.fileKey)
    // The MAC is computed anew, and differs where the kit made it wrong on purpose.
    const end = vector.expect === 'HMAC failure' ? -44 : undefined
    expect(Buffer.from(printed).subarray(0, end)).toEqual(Buffer.from(bytes).subarray(0, end))
  })
})

describe.each(kit.filter(({ armored, expect }) => !armored && expect === 'success'))('$name', ({ file, fileKey }) => {
  test('has its payload encrypted as it was', () => {
    const payload = file.subarray(parseHeader(file).bytes.length)
    const plaintext = openPayload(fileKey, payload)
    expect(sha256(sealPayload(fileKey, plaintext, payload.subarray(0, 16)))).toBe(sha256(payload))
  })
})
