import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseEncryptedValue } from '../../src/core/encrypted-value.ts'
import { json } from '../../src/formats/json.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { type OpenedFile, plaintextOf } from '../../src/operations/read-secrets.ts'
import { document, entry, leaf, list, map, str } from '../formats/yaml-tree.ts'
import { open, protect } from '../operations/secrets.ts'

// Few values and few keys, so that the same one often stands at the same place twice, or comes back.
const scalar = fc.constantFrom(
  str('x'),
  str('y'),
  str('1'),
  leaf('int', '1'),
  leaf('float', '1'),
  str(''),
  leaf('null', ''),
)
const items = fc.array(scalar, { maxLength: 4 })
const tree = fc
  .tuple(items, items, items, scalar, scalar)
  .map(([first, second, third, one, other]) =>
    map(
      entry('a', list(...first, list(...second))),
      entry('b', map(entry('a', one), entry('b_unencrypted', other), entry('c', list(...third)))),
      entry('b:a', other),
    ),
  )

function envelopesIn(text: string): string[] {
  return text.match(/ENC\[AES256_GCM,[^\]]*\]/g) ?? []
}

const nonceOf = (envelope: string) => parseEncryptedValue(envelope)?.nonce ?? ''

/** What must be the same for an envelope to stay: place, type and text. How often each is there. */
function placesOf(file: OpenedFile): Map<string, number> {
  const places = new Map<string, number>()
  for (const { associatedData, type, text } of file.values) {
    const place = JSON.stringify([associatedData, type, text])
    places.set(place, (places.get(place) ?? 0) + 1)
  }
  return places
}

// docs/format.md, 2.9.
test('over any sequence of versions no two envelopes share a nonce, and what did not change keeps its bytes', async () => {
  let kept = 0
  await fc.assert(
    fc.asyncProperty(fc.array(tree, { minLength: 2, maxLength: 6 }), async (versions) => {
      const byNonce = new Map<string, string>()
      let previous: OpenedFile | undefined
      for (const root of versions) {
        const written = await protect(yaml.emit([document(root)]), { previous })
        const envelopes = envelopesIn(written.text)
        expect(new Set(envelopes.map(nonceOf)).size).toBe(envelopes.length)
        for (const envelope of envelopes) {
          expect(byNonce.get(nonceOf(envelope)) ?? envelope).toBe(envelope)
          byNonce.set(nonceOf(envelope), envelope)
        }
        const current = await open(written.text)
        const before = previous === undefined ? new Map<string, number>() : placesOf(previous)
        const same = [...placesOf(current)].map(([place, count]) => Math.min(count, before.get(place) ?? 0))
        expect(written.kept).toBe(same.reduce((sum, count) => sum + count, 0))
        kept += written.kept
        previous = current
      }
    }),
    { numRuns: 100 },
  )
  expect(kept).toBeGreaterThan(100)
})

test('what is written again unchanged differs in the metadata alone', async () => {
  const plain = 'a: [x, x, 1]\nb: {c: "x"} # note\nd: |\n  x\n'
  const first = await protect(plain)
  const second = await protect(plain, { previous: await open(first.text) })

  const values = (text: string) => text.slice(0, text.indexOf('sops:'))
  expect(values(second.text)).toBe(values(first.text))
  expect(second.text).not.toBe(first.text)
  expect((await plaintextOf(await open(second.text))).text).toBe(plain)
})

test('equal items of a list, which sops gives one nonce, get one each', async () => {
  const { text } = await protect('a: [x, x, x]\n')
  const [one = '', two = '', three = ''] = envelopesIn(text)
  // The values are the same, and so is what is sealed.
  const previous = await open(text.replace(two, () => one).replace(three, () => one))
  const { text: written } = await protect('a: [x, x, x]\n', { previous })

  const envelopes = envelopesIn(written).slice(0, 3)
  expect(envelopes[0]).toBe(one)
  expect(new Set(envelopes.map(nonceOf)).size).toBe(3)
})

test('an envelope never stays at another place, however the keys are joined', async () => {
  const previous = await open((await protect('{"a:\\u0000b": "c"}', { format: json })).text, { format: json })
  const written = await protect('{"a": "b:\\u0000c"}', { format: json, previous })

  expect(written.kept).toBe(0)
  expect((await plaintextOf(await open(written.text, { format: json }))).text).toBe('{"a": "b:\\u0000c"}')
})

test('a value whose type changes gets a new nonce', async () => {
  const first = await protect('a: 1\n')
  const second = await protect('a: "1"\n', { previous: await open(first.text) })
  expect(second.kept).toBe(0)
  expect(nonceOf(envelopesIn(second.text)[0] ?? '')).not.toBe(nonceOf(envelopesIn(first.text)[0] ?? ''))
})

test('the MAC gets a new nonce even where nothing changed at all', async () => {
  const first = await protect('a: 1\n')
  const second = await protect('a: 1\n', { previous: await open(first.text) })
  const mac = (text: string) => nonceOf(envelopesIn(text).at(-1) ?? '')
  expect(mac(second.text)).not.toBe(mac(first.text))
})

test('the time of writing never goes back', async () => {
  const timeIn = (text: string) => /lastmodified: "([^"]*)"/.exec(text)?.[1]
  const first = await protect('a: 1\n', { now: new Date('2026-06-01T00:00:00Z') })
  const second = await protect('a: 2\n', { previous: await open(first.text), now: new Date('2026-01-01T00:00:00Z') })
  const third = await protect('a: 3\n', { previous: await open(second.text), now: new Date('2026-07-01T00:00:00Z') })
  expect([first, second, third].map(({ text }) => timeIn(text))).toEqual([
    ...['2026-05-31T23:59:59Z', '2026-05-31T23:59:59Z', '2026-06-30T23:59:59Z'],
  ])
})
