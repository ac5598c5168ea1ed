import { describe, expect, test } from 'vitest'
import { yamlAmbiguity } from '../../src/formats/yaml-layout.ts'
import { scanYaml } from '../../src/formats/yaml-scan.ts'

describe('what libyaml reads in another way without an error is found', () => {
  // Behind each what go.yaml.in/yaml/v3 v3.0.4 reads.
  test.each([
    ['a: { ?foo: bar }\n', 5], // foo: bar
    ['a: [?x]\n', 4], // [{x: }]
    ['a: [?x: y]\n', 4], // [{x: y}]
    ['a: {b: c, ?x}\n', 10], // {b: c, x: }
    ['a: [!t :x]\n', 7], // [{!t : x}]
    ['a: {b:}\n', 5], // {"b:": }
    ['a: {b:, c: d}\n', 5], // {"b:": , c: d}
    ['a: {b :}\n', 6], // {"b :": }
    ['a: {b\n  :}\n', 8], // {"b :": }
    ['a: [b:, c]\n', 5], // ["b:", c]
    ['a: [b :]\n', 6], // ["b :"]
    ['a: [!t, b]\n', 6], // [!t, b], one item whose tag ends in a comma
    ['a: [b, !t, {c: d}]\n', 9], // [b, !t, {c: d}], the same
  ])('in %j', (text, offset) => {
    const { rare } = scanYaml(text)
    expect(rare.twoReadings).toEqual([{ message: expect.stringMatching(/within brackets/), offset }])
    expect(yamlAmbiguity(scanYaml(text))).toEqual(rare.twoReadings[0])
  })

  test.each(['a: &an:chor value\n', 'a: &an?chor value\n', 'a: &a b\nc: *a\nd: &é e\n'])(
    'in the anchor of %j',
    (text) => {
      expect(yamlAmbiguity(scanYaml(text))?.message).toMatch(/an anchor/)
    },
  )
})

test('what all read in one way is left alone', () => {
  const text = [
    'a: ?x',
    'b: :x',
    'c: [a, b: c, "?x", "b":c, !t b, !t "b", !t [b], !t {b: c}, a:b, http://x, -x]',
    'd: {a: b, "c": , ? e, !t f: g, h, ? i : j, k: {}}',
  ]
  expect(scanYaml(text.join('\n')).rare.twoReadings).toEqual([])
})
