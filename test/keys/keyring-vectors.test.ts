import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import type { WrappedKey } from '../../src/core/master-key.ts'
import { unwrapDataKey } from '../../src/keys/keyring.ts'
import { createProviders } from '../../src/keys/providers.ts'
import { combineShares } from '../../src/keys/shares.ts'
import { fakeHost } from '../fake-host.ts'
import { hasSharedData, sharedData } from '../shared-data.ts'

interface Entry {
  readonly recipient: string
  readonly enc: string
}

function wrappedKeys(entries: readonly Entry[] = []): WrappedKey[] {
  return entries.map(({ recipient, enc }) => ({ masterKey: { type: 'age', recipient }, wrapped: enc }))
}

test.runIf(hasSharedData)('opens what sops wrote, where the corpora are at hand', async () => {
  const manifest: Record<string, { data_key_hex_or_shares: readonly string[] }> = JSON.parse(
    readFileSync(sharedData('vectors/manifest.json'), 'utf8'),
  )
  const providers = createProviders({ host: fakeHost({ env: { SOPS_AGE_KEY_FILE: sharedData('vectors/keys.txt') } }) })
  onTestFinished(providers.close)
  let files = 0
  for (const [name, { data_key_hex_or_shares: hex }] of Object.entries(manifest)) {
    if (!/\.(yaml|json)$/.test(name) || name.includes('multidoc')) continue
    const { sops } = parse(readFileSync(sharedData(`vectors/out/${name}`), 'utf8'))
    const groups: Entry[][] = sops.key_groups?.map(({ age }: { age: Entry[] }) => age) ?? [sops.age]
    const expected = hex.map((text) => Uint8Array.from(Buffer.from(text, 'hex')))
    const dataKey = groups.length === 1 ? expected[0] : await combineShares(expected)
    const opened = await unwrapDataKey(groups.map(wrappedKeys), providers, { threshold: sops.shamir_threshold })
    expect(opened.dataKey, name).toEqual(dataKey)
    files++
  }
  expect(files).toBeGreaterThan(10)
})
