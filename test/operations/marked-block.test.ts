import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { block, linesOfBlock, withBlock, withoutBlock, withoutBlocks } from '../../src/operations/marked-block.ts'

const FILE = { file: '.gitattributes' }
const BLOCK = '# kmsfile-begin\nsecrets/** -text\n# kmsfile-end\n'
const LINES = ['secrets/** -text']

test('a new block comes last, since later lines win', () => {
  expect(withBlock(undefined, LINES, FILE)).toBe(BLOCK)
  expect(withBlock('* text=auto\n', LINES, FILE)).toBe(`* text=auto\n${BLOCK}`)
})

test('a new block may stand elsewhere', () => {
  expect(withBlock('#!/bin/sh\nexit\n', LINES, { ...FILE, at: 10 })).toBe(`#!/bin/sh\n${BLOCK}exit\n`)
})

test('a block is replaced where it stands, and nothing else is touched', () => {
  const old = `a -diff\n# kmsfile-begin\nold -text\n# kmsfile-end\n\tb  text \n\n`
  expect(withBlock(old, LINES, FILE)).toBe(`a -diff\n${BLOCK}\tb  text \n\n`)
  expect(withBlock(`x\n${BLOCK}y`, LINES, FILE)).toBe(`x\n${BLOCK}y`)
})

test('line breaks are those of the file', () => {
  const crlf = BLOCK.replaceAll('\n', '\r\n')
  expect(withBlock('a text\r\n', LINES, FILE)).toBe(`a text\r\n${crlf}`)
  expect(withBlock(`a text\r\n${crlf}b\r\n`, LINES, FILE)).toBe(`a text\r\n${crlf}b\r\n`)
})

test.each([
  ['an end is missing', '# kmsfile-begin\nx\n', 1],
  ['a beginning is missing', 'x\n# kmsfile-end\n', 2],
  ['they stand the wrong way round', '# kmsfile-end\n# kmsfile-begin\n', 2],
  ['there are two', BLOCK + BLOCK, 3],
])('marks that somebody broke are left to him: %s', (_, text, line) => {
  for (const action of [() => withBlock(text, LINES, FILE), () => withoutBlock(text, FILE)]) {
    expect(action).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', file: '.gitattributes', line }))
  }
})

describe('taking a block out', () => {
  const texts = fc.array(fc.constantFrom('a', '\n', '\r\n', '# b', ' ')).map((parts) => parts.join(''))

  test('gives back what was there before, to the last byte', () => {
    fc.assert(
      fc.property(fc.option(texts, { nil: undefined }), fc.nat(3), (text, more) => {
        let installed = withBlock(text, LINES, FILE)
        for (let i = 0; i < more; i++) installed = withBlock(installed, [...LINES, `${i}`], FILE)
        expect(withoutBlock(installed, FILE)).toBe(text)
      }),
    )
  })

  test('keeps what was added below it since on a line of its own', () => {
    expect(withoutBlock(`${withBlock('a', LINES, FILE)}b`, FILE)).toBe('a\nb')
  })

  test('leaves a text without a block as it is', () => {
    expect(withoutBlock('a', FILE)).toBe('a')
    expect(withoutBlock('', FILE)).toBe('')
  })
})

test('the lines of a block are those that were put in', () => {
  for (const text of [undefined, '', 'a', 'a\n', 'a\r\n'])
    expect(linesOfBlock(withBlock(text, LINES, FILE))).toEqual(LINES)
  expect(linesOfBlock('a\n# kmsfile-end\n# kmsfile-begin\n')).toBeUndefined()
})

test('blocks that are indented are found, all of them', () => {
  const inner = '    # kmsfile-begin\n    - run: x\n    # kmsfile-end\n'
  const text = `a:\n${inner}b:\n${inner}${BLOCK}c`
  expect(withoutBlocks(text)).toBe('a:\nb:\nc')
  expect(withoutBlocks(text.replaceAll('\n', '\r\n'))).toBe('a:\r\nb:\r\nc')
  expect(withoutBlocks(`a:\n  # kmsfile-begin\nb: 1\n`)).toBe('a:\n  # kmsfile-begin\nb: 1\n')
})

test('a block at the end takes the line break along that came with it', () => {
  const lines = block(['x'], { gap: true }).join('\n')
  expect(withoutBlocks(`a\n${lines}\n`)).toBe('a')
  expect(withoutBlocks(`a\n${lines}\nb`)).toBe('a\nb')
})
