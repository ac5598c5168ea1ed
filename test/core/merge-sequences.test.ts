import { expect, test } from 'vitest'
import { difference } from '../../src/core/merge-diff.ts'
import { mergeLines, splitLines } from '../../src/core/merge-lines.ts'
import { mergeOrder } from '../../src/core/merge-order.ts'
import { mergeSequences } from '../../src/core/merge-sequences.ts'

const numbers = (text: string) => Array.from(text, (letter) => letter.charCodeAt(0))
const kinds = (base: string, ours: string, theirs: string) =>
  mergeSequences({ base: numbers(base), ours: numbers(ours), theirs: numbers(theirs) })?.map(
    ({ kind, base: { start, end } }) => `${kind} ${base.slice(start, end)}`,
  )

test.each([
  ['abc', 'abc', '000', '000'],
  ['abc', 'axc', '010', '010'],
  ['abc', 'abxc', '000', '0010'],
  ['abc', '', '111', ''],
  ['', 'abc', '', '111'],
  // Of two equal runs the later one is the one that came or went.
  ['aba', 'ababa', '000', '00011'],
  ['abab', 'ab', '0011', '00'],
])('finds the items of %j and %j that have no partner', (left, right, inLeft, inRight) => {
  const found = difference(numbers(left), numbers(right))
  expect([found?.left.join(''), found?.right.join('')]).toEqual([inLeft, inRight])
})

test('moves a change to where the other sequence has one, so that it is one change', () => {
  const found = difference(numbers('axbb'), numbers('ayb'))
  expect([found?.left.join(''), found?.right.join('')]).toEqual(['0110', '010'])
})

test('gives up where a comparison would take too long', () => {
  const shuffled = (factor: number) => Array.from({ length: 40_009 }, (_, i) => (i * factor) % 40_009)
  expect(difference(shuffled(1), shuffled(7919))).toBeUndefined()
})

test.each([
  ['abcde', 'aXcde', 'abcYe', ['unchanged a', 'ours b', 'unchanged c', 'theirs d', 'unchanged e']],
  ['abcde', 'aXcde', 'aXcYe', ['unchanged a', 'same b', 'unchanged c', 'theirs d', 'unchanged e']],
  ['abcde', 'aXcde', 'aYcde', ['unchanged a', 'conflict b', 'unchanged cde']],
  // Changes that touch are one.
  ['abcde', 'aXcde', 'abYde', ['unchanged a', 'conflict bc', 'unchanged de']],
  ['abcde', 'aXcYe', 'abZde', ['unchanged a', 'conflict bcd', 'unchanged e']],
  ['abc', 'abXc', 'abYc', ['unchanged ab', 'conflict ', 'unchanged c']],
  ['abc', 'abXc', 'abXc', ['unchanged ab', 'same ', 'unchanged c']],
  ['', 'a', 'a', ['same ']],
  ['', '', '', []],
])('takes %j, %j and %j apart', (base, ours, theirs, regions) => {
  expect(kinds(base, ours, theirs)).toEqual(regions)
})

test('keeps line breaks as they are, and a last line without one apart from the same with one', () => {
  expect(splitLines('a\r\nb\n\nc')).toEqual(['a\r\n', 'b\n', '\n', 'c'])
  expect(splitLines('')).toEqual([])
  const merged = mergeLines({ base: 'a\nb\nc', ours: 'A\nb\nc', theirs: 'a\nb\nc\n' })
  expect(merged?.text).toBe('A\nb\nc\n')
})

test.each([
  ['abc', 'abXc', 'aYbc', 'aYbXc'],
  ['abc', 'abXc', 'abYc', 'abXYc'],
  ['abc', 'cab', 'abcY', 'cYab'],
  ['abc', 'abXc', 'cab', 'cabX'],
  ['', 'ab', 'cb', 'acb'],
])('puts the orders %j, %j and %j together', (base, ours, theirs, order) => {
  const orders = { base: [...base], ours: [...ours], theirs: [...theirs] }
  expect(mergeOrder(orders, new Set(order)).names.join('')).toBe(order)
})

test('keeps our order where both sides have another one, and says so', () => {
  const orders = { base: [...'abc'], ours: [...'bac'], theirs: [...'acb'] }
  expect(mergeOrder(orders, new Set('abc'))).toEqual({ names: [...'bac'], isDisputed: true })
})
