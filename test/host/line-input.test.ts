import { expect, test } from 'vitest'
import { lineInput } from '../../src/host/line-input.ts'

const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const line = (text: string) => ({ kind: 'line', text })

test.each([
  ['a line', 'abc\r', 'abc'],
  ['a line of a terminal that edits by itself', 'abc\n', 'abc'],
  ['an empty line', '\r', ''],
  ['Backspace, by whole characters', 'aé\u{1F511}\x7f\x7f\bb\r', 'b'],
  ['Backspace at the start', '\x7fa\r', 'a'],
  ['Ctrl-U', 'abc\x15d\r', 'd'],
  ['Ctrl-W', 'one two  \x17x\r', 'one x'],
  ['arrow and function keys, which mean nothing', 'a\x1b[D\x1b[3~\x1bOP\x1b[1;5Cb\x1bx\r', 'ab'],
  ['Escape, which means nothing either', 'a\x1b\rb\r', 'a'],
  ['other control keys, which mean nothing', 'a\x00\x01\x1ab\r', 'ab'],
  ['a tab, which may be part of a secret', 'a\tb\r', 'a\tb'],
  ['Ctrl-D after some text', 'abc\x04', 'abc'],
])('understands %s', (_, typed, text) => {
  expect(lineInput().feed(bytes(typed))).toEqual(line(text))
  // The same, as a slow line brings it.
  const slow = lineInput()
  const ends = [...bytes(typed)].map((byte) => slow.feed(new Uint8Array([byte])))
  expect(ends.find((end) => end !== undefined)).toEqual(line(text))
})

test('keeps what is typed ahead for the next line', () => {
  const input = lineInput()
  expect(input.feed(bytes('one\rtwo\r\nthree\rfo'))).toEqual(line('one'))
  expect(input.feed(bytes(''))).toEqual(line('two'))
  expect(input.feed(bytes(''))).toEqual(line('three'))
  expect(input.feed(bytes(''))).toBeUndefined()
  expect(input.feed(bytes('ur\r'))).toEqual(line('four'))
})

test('tells Ctrl-C from the end of the input', () => {
  expect(lineInput().feed(bytes('abc\x03'))).toEqual({ kind: 'interrupt' })
  expect(lineInput().feed(bytes('\x04'))).toEqual({ kind: 'end' })
  expect(lineInput().end()).toEqual({ kind: 'end' })
})

test('takes what came before the end of the input for a line', () => {
  const input = lineInput()
  input.feed(bytes('abc'))
  expect(input.end()).toEqual(line('abc'))
})

test('forgets a line that was given up', () => {
  const input = lineInput()
  input.feed(bytes('secret\x03'))
  expect(input.feed(bytes('b\r'))).toEqual(line('b'))
})
