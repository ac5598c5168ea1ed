import fc from 'fast-check'
import { expect, test } from 'vitest'
import { textChunks } from '../../src/host/text-chunks.ts'

test('the bytes of the chunks are those of the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.integer({ min: 1, max: 7 }), (text, size) => {
      const chunks = [...textChunks(text, size)]
      expect(Buffer.concat(chunks.map((chunk) => Buffer.from(chunk)))).toEqual(Buffer.from(text))
      for (const chunk of chunks) expect(chunk.length).toBeLessThanOrEqual(size + 1)
    }),
  )
})

test('an empty text has none', () => {
  expect([...textChunks('')]).toEqual([])
})
