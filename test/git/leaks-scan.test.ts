import fc from 'fast-check'
import { expect, test } from 'vitest'
import { valueMatcher } from '../../src/core/value-matcher.ts'
import { scanContent, scanStream } from '../../src/git/leaks/leaks-scan.ts'
import '../seed.ts'

const VALUES = ['x7Kp9qLm2V', 'second-9x8Y7z', 'Lm2V\nsecond']

function valuesOf(texts: readonly string[]) {
  const matcher = valueMatcher(new Uint8Array(32))
  for (const [i, text] of texts.entries()) matcher.add(Buffer.from(text), i)
  return {
    matcher,
    tags: texts.map((_, secret) => ({ secret, form: 'as it is', whole: true }) as const),
    secrets: texts.map(() => ({ place: { path: 's', keys: [] }, others: 0, hasLines: false })),
  }
}

async function* pieces(content: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const ends = [...cuts.map((cut) => cut % (content.length + 1)), content.length].sort((a, b) => a - b)
  let start = 0
  for (const end of ends) {
    yield content.subarray(start, end)
    start = end
  }
}

test('a content in pieces, cut anywhere, is one content', async () => {
  const part = fc.constantFrom(...VALUES, 'x7Kp9q', '\n', ' ', 'text')
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 20 }), fc.array(fc.nat(), { maxLength: 6 }), async (parts, cuts) => {
      const content = new Uint8Array(Buffer.from(parts.join('')))
      const values = valuesOf(VALUES)
      const byId = (a: { secret: number }, b: { secret: number }) => a.secret - b.secret
      const streamed = await scanStream(values, pieces(content, cuts))
      expect([...streamed].sort(byId)).toEqual([...scanContent(values, content)].sort(byId))
    }),
    { numRuns: 300 },
  )
})

test('counts lines from one, in the order of the text, and names the first few', () => {
  const lines = (text: string) => scanContent(valuesOf(VALUES), Buffer.from(text)).map((hit) => hit.lines)
  expect(lines('x7Kp9qLm2V')).toEqual([[1]])
  expect(lines('\n\nx7Kp9qLm2V second-9x8Y7z\n\nx7Kp9qLm2V')).toEqual([[3, 5], [3]])
  expect(lines('\nx7Kp9qLm2V'.repeat(9))).toEqual([[2, 3, 4, 5, 6]])
})
