import { expect, test } from 'vitest'
import { closestName } from '../../src/config/suggestion.ts'

test.each([
  ['anna', ['ana', 'ben'], 'ana'],
  ['recovrey', ['recover', 'recovery'], 'recovery'],
  ['Encrypted_Regex', ['encrypted_regex', 'encrypted_suffix'], 'encrypted_regex'],
  ['carol', ['ana', 'ben'], undefined],
  ['an', ['ana'], undefined],
  ['abc', ['xyz'], undefined],
  ['x'.repeat(1000), ['x'.repeat(999)], undefined],
])('%s among %j most likely means %s', (name, candidates, expected) => {
  expect(closestName(name, candidates)).toBe(expected)
})
