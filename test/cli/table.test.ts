import { expect, test } from 'vitest'
import { table } from '../../src/cli/table.ts'

test('columns stand below each other, and no line ends in blanks', () => {
  expect(
    table([
      ['FILE', 'STATE', 'RULES'],
      ['secrets/a.yaml', 'x', ''],
      ['ä😀', 'long', 'as configured'],
    ]),
  ).toBe(['FILE            STATE  RULES', 'secrets/a.yaml  x', 'ä😀              long   as configured', ''].join('\n'))
})

test('nothing in a cell can break a line or steer a terminal', () => {
  expect(table([['a\nb\tc\u001b[31md', 'x']])).toBe('a\\nb\\tc\\x1b[31md  x\n')
})
