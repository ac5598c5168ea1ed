import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { toDataKey } from '../../src/core/data-key.ts'
import { detectFormat } from '../../src/formats/detect.ts'
import { age } from '../../src/keys/age.ts'
import { unwrapDataKey } from '../../src/keys/keyring.ts'
import { providersOf } from '../../src/keys/providers.ts'
import { openSecrets, parseEncrypted, plaintextOf } from '../../src/operations/read-secrets.ts'
import { fakeHost } from '../fake-host.ts'
import { hasSharedData, sharedData } from '../shared-data.ts'

const read = (path: string) => readFileSync(sharedData(`vectors/${path}`), 'utf8')

describe.skipIf(!hasSharedData)('reads what sops wrote, where the vectors are at hand', () => {
  const manifest = hasSharedData ? JSON.parse(read('manifest.json')) : {}
  const names = hasSharedData
    ? readdirSync(sharedData('vectors/out')).filter((name) => /\.(ya?ml|json)$/.test(name))
    : []

  test.each(names)('%s: MAC and plaintext', async (name) => {
    const file = parseEncrypted(detectFormat(name), read(`out/${name}`))
    const host = fakeHost({ env: { SOPS_AGE_KEY: read('keys.txt') } })
    const { threshold, groups } = file.envelope
    const { dataKey } = await unwrapDataKey(groups, providersOf(age({ host })), { threshold })
    const recorded = manifest[name].data_key_hex_or_shares
    if (groups.length === 1) expect(Buffer.from(dataKey).toString('hex')).toBe(recorded[0])

    const opened = await openSecrets(file, dataKey)

    expect(opened.mac).toBe(manifest[name].mac_plain ?? opened.mac)
    expect(opened.integrity).toBe('sops')
    const { text, exact } = await plaintextOf(opened)
    expect(exact).toBe(false)
    expect(values(text)).toEqual(values(read(`plain/${name}`)))
  })

  test('a data key that is not the file’s opens nothing', async () => {
    const file = parseEncrypted(detectFormat('a.yaml'), read('out/3.13.2.types.yaml'))

    await expect(openSecrets(file, toDataKey(new Uint8Array(32)))).rejects.toMatchObject({
      code: 'INTEGRITY_MAC_MISMATCH',
    })
  })
})

/** Values, keys, order and comments, without layout; every number as its digits. */
function values(text: string): unknown {
  return parseAllDocuments(text, { uniqueKeys: false, intAsBigInt: true, merge: true }).map((document) => [
    String(document)
      .match(/#.*$/gm)
      ?.map((comment) => comment.trim()),
    small(document.toJS({ maxAliasCount: -1, mapAsMap: true })),
  ])
}

/** sops prints a float that is whole as an int; what counts here is its value. */
function small(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (value instanceof Map) return new Map(Array.from(value, ([key, inner]) => [key, small(inner)]))
  return Array.isArray(value) ? value.map(small) : value
}
