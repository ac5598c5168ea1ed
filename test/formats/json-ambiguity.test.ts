import { expect, test } from 'vitest'
import { json } from '../../src/formats/json.ts'

test.each([
  ['{"a": "\u2028"}', 7],
  ['{"\u2029": 1}', 2],
  ['{"a": "\u0085"}', 7],
  ['{"a": "\ufeff"}', 7],
  ['{\r"a": 1}', 1],
  ['{"a": [{"\\ud800": 1}]}', 8],
  ['{"a": ["\\udfff\ufffd"]}', 7],
  ['{"a": 12345678901234567891}', 6],
  ['{"a": [1e400]}', 7],
])('%j can be taken in two ways', (text, offset) => {
  expect(json.ambiguity(json.scan(text))).toMatchObject({ offset })
})

test.each([
  '{\r\n"a": "\\u2028\\u0085\\ufeff\\r"}',
  '{"a": "\\ud83d\\ude00 \ufffd \\ufffd"}',
  '\ufeff{"a": -0.0}',
  // sops prints the float like that.
  '{"a": 100000000000000000000, "b": 0.10000000000000000001, "c": "12345678901234567891"}',
  '{"a": 1, "a": 2}',
])('%j can be taken in one way', (text) => {
  expect(json.ambiguity(json.scan(text))).toBeUndefined()
})
