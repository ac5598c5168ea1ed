import fc from 'fast-check'
import { test } from 'vitest'
import { parseEncryptedValue } from '../../src/core/encrypted-value.ts'
import { planAcceptance } from '../../src/operations/accept-edit.ts'
import { planRotation, rotate } from '../../src/operations/rotate.ts'
import { seal } from '../../src/operations/seal-file.ts'
import { changeValue } from '../../src/operations/set.ts'
import { planKeyUpdate, updateKeys } from '../../src/operations/update-keys.ts'
import { allEnvelopes, asSops, everybody, FILE, type Team, team } from '../operations/team.ts'

const PLAIN = 'a: x\nb: x\nlist: [x, x, "x"]\n# note\nmap: {a: 1, b: 1, open_unencrypted: x}\n'
const RULES = [
  ['keys: [ana, ben]'],
  ['keys: [ana]', 'encrypted_regex: "^(a|list)$"'],
  ['groups: [[ana], [ben], [cat]]', 'threshold: 2'],
  ['keys: [ana, cat]', 'mac_only_encrypted: true'],
]

/** What is done to a file, by whom it may be. */
type Step =
  | { readonly kind: 'set'; readonly key: 'a' | 'b' | 'c'; readonly value: string }
  | { readonly kind: 'unset'; readonly key: 'a' | 'b' | 'c' }
  | { readonly kind: 'rule'; readonly index: number }
  | { readonly kind: 'rotate' | 'sops' | 'by-hand' }

const key = fc.constantFrom('a', 'b', 'c')
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('set'), key, value: fc.constantFrom('x', 'y') }),
  fc.record({ kind: fc.constant('unset'), key }),
  fc.record({ kind: fc.constant('rule'), index: fc.nat(RULES.length - 1) }),
  fc.record({ kind: fc.constantFrom('rotate', 'sops', 'by-hand') }),
)

// docs/format.md, 2.9: from two texts under one nonce the key of every tag follows.
test('no two envelopes share a nonce, whatever is done to a file', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (steps) => {
      const place = team()
      place.rule(...(RULES[0] as string[]))
      await place.protect(PLAIN)
      const envelopes = new Map<string, string>()
      collect(envelopes, place.read())
      for (const each of steps) {
        place.wait(60)
        await take(place, each)
        collect(envelopes, place.read())
      }
    }),
    { numRuns: 25 },
  )
})

function collect(envelopes: Map<string, string>, text: string): void {
  for (const envelope of allEnvelopes(text)) {
    const nonce = parseEncryptedValue(envelope)?.nonce ?? ''
    const known = envelopes.get(nonce) ?? envelope
    if (known !== envelope) throw new Error('one nonce, two envelopes')
    envelopes.set(nonce, envelope)
  }
  if (new Set(allEnvelopes(text)).size !== allEnvelopes(text).length) throw new Error('one envelope, two places')
}

async function take(place: Team, each: Step): Promise<void> {
  if (each.kind === 'rule') place.rule(...(RULES[each.index] as string[]))
  const workspace = place.as(...everybody)
  switch (each.kind) {
    case 'set':
      await changeValue(workspace, FILE, { path: [each.key], value: each.value })
      return
    case 'unset':
      await changeValue(workspace, FILE, { path: [each.key], value: undefined, idempotent: true })
      return
    case 'rule':
      return place.write(FILE, (await updateKeys(workspace, await planKeyUpdate(workspace, await place.source()))).text)
    case 'rotate':
      return place.write(FILE, (await rotate(workspace, await planRotation(workspace, await place.source()))).text)
    case 'sops':
      return place.write(FILE, await asSops(await place.open(...everybody)))
    case 'by-hand': {
      place.write(FILE, place.read().replace(/("ENC[^"]*"), ("ENC[^"]*")/, '$2, $1'))
      return place.write(FILE, (await seal(workspace, await planAcceptance(workspace, await place.source()))).text)
    }
    default:
      each satisfies never
  }
}
