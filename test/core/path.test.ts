import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePath, printPath } from '../../src/core/path.ts'

const key = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('.', '[', ']', '"', "'", '\\', 'a', '0', ' ', '\n', '\u202e', '\ud800', 'u') }),
)
const anyPath = fc.array(fc.oneof(key, fc.nat()), { maxLength: 6 })

describe('parsePath', () => {
  test.each([
    ['a', ['a']],
    ['a.b[0]', ['a', 'b', 0]],
    ['a.0', ['a', '0']],
    ['[0].a', [0, 'a']],
    ['[0][1]', [0, 1]],
    ['[007]', [7]],
    ['["a"]["b"][0]', ['a', 'b', 0]],
    [`['a']["it's"]`, ['a', "it's"]],
    ['["a.b"].c', ['a.b', 'c']],
    ['["a]b["]', ['a]b[']],
    ['a."b.c"', ['a', 'b.c']],
    [`a.'b.c'[1]`, ['a', 'b.c', 1]],
    ['"".a', ['', 'a']],
    ['a["b.c"]', ['a', 'b.c']],
    ['data.".dockerconfigjson"', ['data', '.dockerconfigjson']],
    ['app.kubernetes io/name@1:2', ['app', 'kubernetes io/name@1:2']],
    ["don't.do", ["don't", 'do']],
    [String.raw`"a\"b\\c\n\u00e9\ud83d\ude00"`, ['a"b\\c\né😀']],
    [String.raw`['DOMAIN\user']`, [String.raw`DOMAIN\user`]],
    ['.', []],
  ])('reads %s', (text, path) => {
    expect(parsePath(text)).toEqual(path)
  })

  test.each([
    ['', 1],
    ['.a', 1],
    ['a.', 3],
    ['a..b', 3],
    ['a.[0]', 3],
    ['a]', 2],
    ['a[', 2],
    ['a[0', 2],
    ['a[x]', 3],
    ['a[-1]', 3],
    ['a[]', 3],
    ['a[0]b', 5],
    ['a[99999999999999999999]', 3],
    ['["a"', 5],
    ['["a"b]', 5],
    [`['it's']`, 6],
    ['"a', 1],
    ['"a\\"', 1],
    ['"a\\', 1],
    ['"a"b', 4],
    [String.raw`"DOMAIN\user"`, 8],
    [String.raw`"\x41"`, 2],
  ])('refuses %s and says where', (text, column) => {
    expect(() => parsePath(text)).toThrow(
      expect.objectContaining({ code: 'PATH_INVALID', message: expect.stringContaining(`(character ${column})`) }),
    )
  })

  test('never repeats what was typed, which may be a value', () => {
    expect(() => parsePath('hunter2]')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    )
  })

  test('answers any text with a path or PATH_INVALID', () => {
    fc.assert(
      fc.property(
        fc.oneof(key, fc.string({ unit: fc.constantFrom('a', '.', '[', ']', '"', "'", '\\', '0') })),
        (text) => {
          try {
            expect(Array.isArray(parsePath(text))).toBe(true)
          } catch (error) {
            expect(error).toMatchObject({ code: 'PATH_INVALID' })
          }
        },
      ),
    )
  })
})

describe('printPath', () => {
  test.each([
    [['a', 'b', 0], 'a.b[0]'],
    [[0, 'a'], '[0].a'],
    [['a', '0'], 'a.0'],
    [['a', 'b.c', ''], 'a."b.c".""'],
    [['.x'], '".x"'],
    [['a b'], '"a b"'],
    [['größe', 'k8s.io/name'], 'größe."k8s.io/name"'],
    [[], '.'],
  ])('prints %j as %s', (path, text) => {
    expect(printPath(path)).toBe(text)
  })

  test('escapes what a terminal would obey or hide', () => {
    expect(printPath(['\u001b[31m', '\u202e', '\u0085', '\u2028', '\u00a0', '\ufeff', '\u007f', '\udc00'])).toBe(
      String.raw`"\u001b[31m"."\u202e"."\u0085"."\u2028"."\u00a0"."\ufeff"."\u007f"."\udc00"`,
    )
  })

  test('is read back as the same path', () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        expect(parsePath(printPath(path))).toEqual(path)
      }),
      { numRuns: 2000 },
    )
  })

  test('is printable, whatever the keys are', () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        expect(printPath(path)).toMatch(/^[^\p{C}\p{Zl}\p{Zp}]*$/u)
      }),
    )
  })
})
