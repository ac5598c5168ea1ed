import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type DataKey, newDataKey } from '../../src/core/data-key.ts'
import type { KeyGroup, WrappedKey } from '../../src/core/master-key.ts'
import { DEFAULT_SELECTOR } from '../../src/core/selection.ts'
import { KmsfileError } from '../../src/errors.ts'
import type { Format } from '../../src/formats/format.ts'
import { decodeText } from '../../src/host/utf8.ts'
import { age } from '../../src/keys/age.ts'
import { unwrapDataKey, wrapDataKey } from '../../src/keys/keyring.ts'
import { providersOf } from '../../src/keys/providers.ts'
import { type OpenedFile, openSecrets, parseEncrypted, type ReadOptions } from '../../src/operations/read-secrets.ts'
import { type WriteOptions, type WrittenFile, writeSecrets } from '../../src/operations/write-secrets.ts'
import { fakeHost } from '../fake-host.ts'

/** Somebody with an age identity, in the environment in which both programs find it. */
export interface Person {
  readonly recipient: string
  readonly env: { readonly SOPS_AGE_KEY: string }
}

export const ana: Person = person(fixture('x25519.txt'))
// Throw-away identities, made for these tests.
export const ben: Person = person(
  '# public key: age1cpu84mha73m7xrs9vzhcmly6zxjt668vhh39kyp8c5dr7xty7ezq2e28rc\nAGE-SECRET-KEY-15J4ZVKMC6YXV8EUYW7S266QHXHHM48FK7Y2R34977J5KLJJ9D88QPCLJL6',
)
export const eve: Person = person(
  '# public key: age1hhh5l4gxq30fgffz8haj95mn6gh3d920u8zkwjcr9hj5tx9hta5su8pdgv\nAGE-SECRET-KEY-1GR7VL3J5DXPVLK7L9DRG6C5L0DRPJDCQLTULT4KK3K57DZHYQAPSUA5DQV',
)

/** The environment of somebody who has the identities of several. */
export function identitiesOf(...people: readonly Person[]): Person['env'] {
  return { SOPS_AGE_KEY: people.map(({ env }) => env.SOPS_AGE_KEY).join('\n') }
}

/** Identities that open everything here; wrapping needs none. */
const providers = providersOf(age({ host: fakeHost({ env: identitiesOf(ana, ben, eve) }) }))

/** Encrypts a text for Ana as the operations do, with a data key of its own. */
export async function sealForAna(
  format: Format,
  text: string,
  options: Partial<WriteOptions> = {},
): Promise<WrittenFile> {
  const { dataKey, groups } = await freshKeyFor([[{ type: 'age', recipient: ana.recipient }]])
  return writeSecrets(format, text, {
    dataKey,
    groups,
    selector: DEFAULT_SELECTOR,
    now: new Date(),
    randomBytes,
    ...options,
  })
}

/** A data key, wrapped for key groups. */
export async function freshKeyFor(
  groups: readonly KeyGroup[],
  threshold?: number,
): Promise<{ readonly dataKey: DataKey; readonly groups: readonly (readonly WrappedKey[])[] }> {
  const dataKey = newDataKey(randomBytes)
  return { dataKey, groups: await wrapDataKey(dataKey, groups, providers, { threshold }) }
}

/** Opens a text with the identities of all of them, and verifies it. */
export async function openSealed(format: Format, text: string, options: ReadOptions = {}): Promise<OpenedFile> {
  const file = parseEncrypted(format, text)
  const { groups, threshold } = file.envelope
  const { dataKey } = await unwrapDataKey(groups, providers, { threshold })
  return openSecrets(file, dataKey, options)
}

/** As {@link sealForAna}, from bytes; undefined where kmsfile refuses them. */
export async function sealOrRefuse(
  format: Format,
  bytes: Uint8Array,
  options: Partial<WriteOptions> = {},
): Promise<WrittenFile | undefined> {
  return unlessRefused(async () => sealForAna(format, decodeText(bytes), options))
}

/** As {@link openSealed}; undefined where kmsfile refuses the file. */
export async function openOrRefuse(format: Format, text: string): Promise<OpenedFile | undefined> {
  return unlessRefused(() => openSealed(format, text))
}

/** Undefined for an error that kmsfile means; everything else is a bug, and thrown. */
export async function unlessRefused<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action()
  } catch (error) {
    if (error instanceof KmsfileError) return undefined
    throw error
  }
}

function person(identity: string): Person {
  const recipient = /public key: (age1\w+)/.exec(identity)?.[1]
  if (recipient === undefined) throw new TypeError('an identity without its recipient')
  return { recipient, env: { SOPS_AGE_KEY: identity } }
}

function fixture(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../fixtures/age/${name}`, import.meta.url)), 'utf8')
}
