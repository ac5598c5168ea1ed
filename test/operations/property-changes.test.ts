import { expect, test } from 'vitest'
import { yaml } from '../../src/formats/yaml.ts'
import type { YamlScanned } from '../../src/formats/yaml-nodes.ts'
import { compareProperties } from '../../src/operations/property-changes.ts'
import { compareTrees, printPlace, type TreeChange } from '../../src/operations/tree-changes.ts'

test.each<[string, string, string, string[]]>([
  ['the same', 'a: !x &b 1\nc: *b\n', '# x\na:   &b   !x 1\nc: *b # y\n', []],
  ['an empty text', '', '', []],
  ['a document with nothing in it', '---\n---\na: 1\n', '---\n---\na: !x 1\n', ['new retagged a (document 2)']],
  ['a tag that comes', 'a: 1\n', 'a: !x 1\n', ['new retagged a']],
  ['a tag that goes', 'a: !x [1]\n', 'a: [1]\n', ['gone retagged a']],
  ['another tag', '- a: !x\n    b: 1\n', '- a: !y\n    b: 1\n', ['other retagged [0].a']],
  ['a tag that is spelled in another way', 'a: !!str 1\n', 'a: !<tag:yaml.org,2002:str> 1\n', []],
  ['the tag of an item', 'a: [!x 1, 2]\n', 'a: [1, !x 2]\n', ['gone retagged a[0]', 'new retagged a[1]']],
  ['the tag of a root', '!x\na: 1\n', '!y\na: 1\n', ['other retagged .']],
  ['the tag of a map, behind a comment', 'a: # !x\n  !y\n  b: 1\n', 'a: # !y\n  !z\n  b: 1\n', ['other retagged a']],
  ['comments about tags', 'a: 1 # !x\n# !x\n!y b: 2\n', 'a: 1 # !z\n# !z\n!y b: 2\n', []],
  [
    'the tag of a key behind a block scalar',
    'a: |\n  !x\n!y b: 2\n',
    'a: |\n  !x\n!z b: 2\n',
    ['other retagged key of b'],
  ],
  [
    'the tag of a key behind a question mark',
    '? !x a\n: 1\n? !y b\n: 1\n',
    '? !x a\n: 1\n? !z b\n: 1\n',
    ['other retagged key of b'],
  ],
  ['a verbatim tag', 'a: !<tag:x,2025:y> [1]\n', 'a: !<tag:x,2025:z> [1]\n', ['other retagged a']],
  ['the tag of a key', '!x a: 1\n', '!y a: 1\n', ['other retagged key of a']],
  [
    'the tag of a key in a flow map',
    '{!x a: 1, b: 2}\n',
    '{a: 1, !x b: 2}\n',
    ['gone retagged key of a', 'new retagged key of b'],
  ],
  ['the tag of a value that is new', 'a: 1\n', 'a: 1\nb: !x 2\n', ['new retagged b']],
  ['the tag of a list that is new', 'a: 1\n', 'a: 1\nb: !x [2]\n', ['new retagged b']],
  ['the tag of a value that moved', 'a: !x 1\n', 'b: !y 1\n', ['other retagged b']],
  ['a value that moved with its tag', 'a: !x 1\n', 'b: !x 1\n', []],
  ['a value that went with its tag', 'a: !x 1\nb: 2\n', 'b: 2\n', []],
  ['an anchor that comes', 'a: 1\n', 'a: &x 1\n', ['new reanchored a']],
  ['an anchor that goes', 'a: &x {b: 1}\n', 'a: {b: 1}\n', ['gone reanchored a']],
  ['an anchor of a key', '&x a: 1\n', '&y a: 1\n', ['other reanchored key of a']],
  [
    'an anchor that gets another name',
    'a: &x 1\nb: *x\nc: [*x]\n',
    'a: &y 1\nb: *y\nc: [*y]\n',
    ['other reanchored a'],
  ],
  ['an anchor on a value that is new', 'a: 1\n', 'a: 1\nb: &x 2\n', []],
  ['an alias that is new', 'a: &x 1\n', 'a: &x 1\nb: *x\n', []],
  ['an alias that is written out', 'a: &x 1\nb: *x\n', 'a: &x 1\nb: 1\n', ['gone realiased b']],
  ['a copy that becomes an alias', 'a: &x 1\nb: 1\n', 'a: &x 1\nb: *x\n', ['new realiased b']],
  ['an alias of another anchor', 'a: &x 1\nb: &y 1\nc: *x\n', 'a: &x 1\nb: &y 1\nc: *y\n', ['other realiased c']],
  ['an alias of an anchor that moved', 'a: &x {k: 1}\nc: *x\n', 'b: &x {k: 1}\nc: *x\n', []],
  [
    'an alias whose anchor is made twice',
    'a: &x 1\nc: *x\nb: &x 1\n',
    'a: &x 1\nb: &x 1\nc: *x\n',
    ['other realiased c'],
  ],
  [
    'a merge key of another anchor',
    'a: &x {k: 1}\nb: &y {k: 1}\nc: {<<: *x}\n',
    'a: &x {k: 1}\nb: &y {k: 1}\nc: {<<: *y}\n',
    ['other realiased c.<<'],
  ],
  [
    'a tag below what was an alias',
    'a: &x {k: 1}\nb: *x\n',
    'a: &x {k: 1}\nb: {k: !x 1}\n',
    ['gone realiased b', 'new retagged b.k'],
  ],
  ['a directive that comes', 'a: 1\n', '%YAML 1.1\n---\na: 1\n', ['directives .']],
  [
    'another directive of the second document',
    '%TAG !e! a:\n---\na: 1\n...\n%TAG !e! b:\n---\na: 1\n',
    '%TAG !e! a:\n---\na: 1\n...\n%TAG !e! c:\n---\na: 1\n',
    ['directives . (document 2)'],
  ],
  [
    'a prefix that makes other tags',
    '%TAG !e! a:\n---\na: !e!x 1\n',
    '%TAG !e! b:\n---\na: !e!x 1\n',
    ['directives .', 'other retagged a'],
  ],
  ['spaces and comments at a directive', '%TAG !e! a:\n---\na: 1\n', '%TAG  !e!   a: # x\n---\na: 1\n', []],
])('%s', (_, before, after, expected) => {
  const [old, now] = [before, after].map((text) => yaml.scan(text) as YamlScanned) as [YamlScanned, YamlScanned]
  expect(compareProperties(old, now, compareTrees(old, now)).map(changeText)).toEqual(expected)
})

function changeText(change: TreeChange): string {
  if (!('how' in change)) return `${change.kind} ${printPlace(change)}`
  return `${change.how} ${change.kind} ${change.ofKey === true ? 'key of ' : ''}${printPlace(change)}`
}
