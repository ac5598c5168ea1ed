import { expect, test } from 'vitest'
import { withAttributesBlock } from '../../src/operations/attributes-block.ts'

const FILE = { file: '.gitattributes' }
const BLOCK = '# kmsfile-begin\nsecrets/** -text\n# kmsfile-end\n'
const LINES = ['secrets/** -text']

test('a new block comes last, since later lines win', () => {
  expect(withAttributesBlock('', LINES, FILE)).toBe(BLOCK)
  expect(withAttributesBlock('* text=auto\n', LINES, FILE)).toBe(`* text=auto\n${BLOCK}`)
  expect(withAttributesBlock('* text=auto', LINES, FILE)).toBe(`* text=auto\n${BLOCK}`)
})

test('a block is replaced where it stands, and nothing else is touched', () => {
  const old = `a -diff\n# kmsfile-begin\nold -text\n# kmsfile-end\n\tb  text \n\n`
  expect(withAttributesBlock(old, LINES, FILE)).toBe(`a -diff\n${BLOCK}\tb  text \n\n`)
  expect(withAttributesBlock(`x\n${BLOCK}y`, LINES, FILE)).toBe(`x\n${BLOCK}y`)
})

test('line breaks are those of the file', () => {
  const crlf = BLOCK.replaceAll('\n', '\r\n')
  expect(withAttributesBlock('a text\r\n', LINES, FILE)).toBe(`a text\r\n${crlf}`)
  expect(withAttributesBlock(`a text\r\n${crlf}b\r\n`, LINES, FILE)).toBe(`a text\r\n${crlf}b\r\n`)
})

test.each([
  ['an end is missing', '# kmsfile-begin\nx\n', 1],
  ['a beginning is missing', 'x\n# kmsfile-end\n', 2],
  ['they stand the wrong way round', '# kmsfile-end\n# kmsfile-begin\n', 2],
  ['there are two', BLOCK + BLOCK, 3],
])('marks that somebody broke are left to him: %s', (_, text, line) => {
  expect(() => withAttributesBlock(text, LINES, FILE)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', file: '.gitattributes', line }),
  )
})
