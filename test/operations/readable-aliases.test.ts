import { expect, test } from 'vitest'
import { DEFAULT_SELECTOR, type Selector } from '../../src/core/selection.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { readableAliases } from '../../src/operations/readable-aliases.ts'
import { printPlace } from '../../src/operations/tree-changes.ts'
import { workplace } from './workplace.ts'

const ENCRYPTED_REGEX: Selector = { kind: 'encrypted-regex', text: '^password$' }

test.each<[string, string, string[], Selector?]>([
  ['an alias of a secret', 'a: &x one\nb_unencrypted: *x\n', ['b_unencrypted']],
  ['an alias in a list', 'a: &x one\nb_unencrypted: [two, *x]\n', ['b_unencrypted[1]']],
  ['an alias of a map', 'a: &x {b: 1, c: null, d: ""}\ne_unencrypted: *x\n', ['e_unencrypted.b']],
  ['a merge key', 'a: &x {b: 1}\nc_unencrypted:\n  <<: *x\n', ['c_unencrypted.<<.b']],
  ['an alias of an alias', 'a: &x one\nb: &y {c: *x}\nd_unencrypted: *y\n', ['d_unencrypted.c']],
  ['an alias of a root that is no map', '- &x one\n- b_unencrypted: *x\n', ['[1].b_unencrypted']],
  ['an alias of the second document', 'a: 1\n---\na: &x one\nb_unencrypted: *x\n', ['b_unencrypted (document 2)']],
  ['an alias of what is readable', 'a_unencrypted: &x one\nb_unencrypted: *x\n', []],
  ['an alias that is secret', 'a: &x one\nb: *x\n', []],
  ['an alias that is secret, of what is readable', 'a_unencrypted: &x one\nb: *x\n', []],
  ['a part of a map that is readable', 'a: &x {b_unencrypted: 1, c: 2}\nd_unencrypted: *x\n', ['d_unencrypted.c']],
  ['another selector', 'db: {password: &x one}\nurl: *x\n', ['url'], ENCRYPTED_REGEX],
])('%s: finds what stays readable', async (_, text, expected, selector = DEFAULT_SELECTOR) => {
  expect((await readableAliases(yaml, text, selector)).map(printPlace)).toEqual(expected)
})

test('encrypting warns of it, by its path, and of nothing else', async () => {
  const place = workplace()
  await place.protect('secrets/a.yaml', 'a: &x one\nb: *x\nc: "*x &__y"\n')
  expect(place.warnings).toEqual([])
  await place.protect('secrets/b.yaml', 'a: &x one\nb_unencrypted: *x\n')
  expect(place.warnings).toEqual(['b_unencrypted stays readable, although it is an alias of a value that is encrypted'])
})

test('many places are counted', async () => {
  const place = workplace()
  const items = Array.from({ length: 12 }, () => '*x').join(', ')
  await place.protect('secrets/b.yaml', `a: &x one\nb_unencrypted: [${items}]\n`)
  expect(place.warnings).toHaveLength(1)
  expect(place.warnings[0]).toMatch(/^b_unencrypted\[0\], .* and 2 more stay readable/)
})
