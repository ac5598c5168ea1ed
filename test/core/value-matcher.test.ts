import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MIN_PATTERN_BYTES, type ValueMatcher, valueMatcher } from '../../src/core/value-matcher.ts'
import '../seed.ts'

const KEY = new Uint8Array(32).fill(7)

function matcherOf(patterns: readonly Uint8Array[]): ValueMatcher {
  const matcher = valueMatcher(KEY)
  for (const [tag, pattern] of patterns.entries()) matcher.add(pattern, tag)
  return matcher
}

function places(matcher: ValueMatcher, content: Uint8Array): readonly string[] {
  const found: string[] = []
  matcher.scan(content, (tag, start, end) => found.push(`${tag} ${start} ${end}`))
  return found.sort()
}

/** As anybody would search, one pattern after another. */
function naive(patterns: readonly Uint8Array[], content: Uint8Array): readonly string[] {
  const bytes = Buffer.from(content)
  const found: string[] = []
  for (const [tag, pattern] of patterns.entries()) {
    for (let at = bytes.indexOf(pattern); at !== -1; at = bytes.indexOf(pattern, at + pattern.length)) {
      found.push(`${tag} ${at} ${at + pattern.length}`)
    }
  }
  return found.sort()
}

const text = (value: string) => new Uint8Array(Buffer.from(value))

describe('a matcher finds what a search for one pattern after another finds', () => {
  // Few letters, so that patterns overlap each other, themselves, and what is nearly one.
  const few = fc.uint8Array({ minLength: 0, maxLength: 300, max: 1 })
  const fewPatterns = fc.array(fc.uint8Array({ minLength: MIN_PATTERN_BYTES, maxLength: 14, max: 1 }), {
    maxLength: 30,
  })

  test('where patterns overlap', () => {
    fc.assert(
      fc.property(fewPatterns, few, (patterns, content) => {
        expect(places(matcherOf(patterns), content)).toEqual(naive(patterns, content))
      }),
      { numRuns: 500 },
    )
  })

  test('where patterns are planted in any bytes', () => {
    const pattern = fc.uint8Array({ minLength: MIN_PATTERN_BYTES, maxLength: 200 })
    const parts = fc.array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.nat({ max: 19 })), { maxLength: 20 })
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1, maxLength: 20 }), parts, (patterns, planted) => {
        const content = Buffer.concat(planted.flatMap(([gap, i]) => [gap, patterns[i % patterns.length] as Uint8Array]))
        const found = places(matcherOf(patterns), content)
        expect(found).toEqual(naive(patterns, content))
        expect(found.length >= Math.min(1, planted.length)).toBe(true)
      }),
    )
  })

  test('where thousands of patterns start and end alike', () => {
    const patterns = Array.from({ length: 3000 }, (_, i) => text(`https://db.example.com/${i * 7919}/password`))
    const content = Buffer.concat(patterns.slice(1000, 1200))
    expect(places(matcherOf(patterns), content)).toEqual(naive(patterns, content))
  })
})

test('finds a pattern that is the content, at its start and at its end', () => {
  const pattern = text('s3cr3t-value')
  const matcher = matcherOf([pattern])
  expect(places(matcher, pattern)).toEqual(['0 0 12'])
  expect(places(matcher, text('s3cr3t-value s3cr3t-valu'))).toEqual(['0 0 12'])
  expect(places(matcher, text('3cr3t-value s3cr3t-value'))).toEqual(['0 12 24'])
})

test('tells patterns apart that differ in their last byte alone, and those of the least length', () => {
  const start = 'x7Kp9qLm2V'.repeat(30)
  expect(places(matcherOf([text(`${start}a`), text(`${start}b`)]), text(`${start}b`))).toEqual(['1 0 301'])
  const least = text('x7Kp9qLm')
  expect(places(matcherOf([least, least, least]), text(' x7Kp9qLm '))).toEqual(['0 1 9', '1 1 9', '2 1 9'])
})

test('tells two numbers of the same pattern, and takes more patterns after a search', () => {
  const matcher = matcherOf([text('s3cr3t-value'), text('s3cr3t-value')])
  expect(places(matcher, text('s3cr3t-value'))).toEqual(['0 0 12', '1 0 12'])
  matcher.add(text('value-of-another'), 7)
  expect(places(matcher, text('s3cr3t-value-of-another'))).toEqual(['0 0 12', '1 0 12', '7 7 23'])
  expect(matcher).toMatchObject({ size: 3, longest: 16 })
})

test('refuses a pattern that is too short, and finds nothing without any', () => {
  const matcher = valueMatcher(KEY)
  expect(() => matcher.add(text('1234567'), 0)).toThrow(RangeError)
  expect(places(matcher, text('1234567'))).toEqual([])
})

test('keeps no byte of a pattern, and nothing at all once it has to forget', () => {
  const matcher = matcherOf([text('s3cr3t-value')])
  matcher.forget()
  expect(places(matcher, text('s3cr3t-value'))).toEqual([])
  expect(matcher).toMatchObject({ size: 0, longest: 0 })
})

test('does not take long over a content that repeats itself, like the pattern', () => {
  const matcher = matcherOf([Buffer.from('abcdefgh'.repeat(8000))])
  const found: number[] = []
  matcher.scan(Buffer.from('abcdefgh'.repeat(100_000)), (_, start) => found.push(start))
  expect(found.slice(0, 2)).toEqual([0, 64_000])
  expect(found).toHaveLength(12)
})
