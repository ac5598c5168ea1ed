import { describe, expect, test } from 'vitest'
import { parseYamlEvents } from '../../src/formats/yaml-parser/parse-yaml-events.ts'
import { YamlParseError } from '../../src/formats/yaml-parser/reader.ts'

describe('the time for a text grows with its length alone', () => {
  const SHAPES: readonly [string, (n: number) => string][] = [
    ['nested brackets', (n) => '[[[[[[[[]]]]]]]],'.repeat(n).replace(/^/, '[').concat(']')],
    ['brackets that do not end', (n) => `${'['.repeat(190)}${'a,'.repeat(n)}`],
    ['nested braces', (n) => `[${'{a: {a: {a: b}}},'.repeat(n)}]`],
    ['pairs with collections as keys', (n) => `[${'{}: {}, [[[[a]: b]: c]: d]: e, '.repeat(n)}]`],
    ['pairs in pairs', (n) => `${'[ '.repeat(190)}${'a,'.repeat(n)}${']: b '.repeat(189)}]`],
    ['a collection as a key', (n) => `[${'a: b, '.repeat(n)}]: c`],
    ['keys that are collections', (n) => '[a, [b]]: c\n'.repeat(n)],
    ['question marks', (n) => '? '.repeat(190).concat('a\n', '? a\n'.repeat(n))],
    ['questions without an answer', (n) => '?\n'.repeat(n)],
    ['answers without a question', (n) => ':\n'.repeat(n)],
    ['dashes', (n) => '- '.repeat(190).concat('a\n', '- - - a\n'.repeat(n))],
    ['empty items', (n) => '-\n'.repeat(n)],
    ['anchors before keys', (n) => '&a &b'.concat('\n&c k: v'.repeat(n))],
    ['anchors on lines of their own', (n) => '- &a\n  !t\n  &b k: v\n'.repeat(n)],
    ['properties of a scalar', (n) => 'k: !t\n  &a v\n'.repeat(n)],
    ['properties of a long scalar', (n) => `- !t &a\n  "${'x\n  '.repeat(n)}"\n`],
    ['properties of a long list', (n) => `- !t &a [${'x, '.repeat(n)}]\n`],
    ['properties of items', (n) => '- &a !t x\n'.repeat(n)],
    ['anchors alone', (n) => '- &a\n'.repeat(n)],
    ['two anchors', (n) => `- ${'&a '.repeat(n)}`],
    ['a long anchor', (n) => `- &${'a'.repeat(n)} b\n`],
    ['a long tag', (n) => `- !${'a'.repeat(n)} b\n`],
    ['a long handle', (n) => `- !${'a'.repeat(n)}!b c\n`],
    ['tags with a handle', (n) => `${directives(n)}---\n${'- !h1!x y\n'.repeat(n)}`],
    ['directives', (n) => `${directives(n)}---\na\n`],
    ['a long directive', (n) => `%A ${'b '.repeat(n)}\n--- a\n`],
    ['a verbatim tag without an end', (n) => `!<${'a'.repeat(n)}`],
    ['a long plain scalar', (n) => `a: ${'b'.repeat(n)}\n`],
    ['a plain scalar of many lines', (n) => `a: b\n${'  b\n'.repeat(n)}`],
    ['a plain scalar and blank lines', (n) => `a: b\n${' \n'.repeat(n)}c: d\n`],
    ['a long key', (n) => `${'k'.repeat(n)}: v\n`],
    ['a long key in quotes', (n) => `"${'k'.repeat(n)}": v\n`],
    ['colons', (n) => `a: ${':'.repeat(n)}b\n`],
    ['spaces before a comment', (n) => `a:${' '.repeat(n)}# c\n`],
    ['spaces in a scalar', (n) => `a: b${' '.repeat(n)}c\n`],
    ['quotes', (n) => `a: '${"''".repeat(n)}'\n`],
    ['quotes without an end', (n) => `a: "${'b\n'.repeat(n)}`],
    ['escapes', (n) => `a: "${'\\u00e9\\\n'.repeat(n)}"\n`],
    ['comments', (n) => '# a\n'.repeat(n)],
    ['comments among items', (n) => '- # a\n  # b\n  c\n'.repeat(n)],
    ['a block scalar', (n) => `a: |\n${'  b\n'.repeat(n)}`],
    ['block scalars', (n) => '- |\n a\n\n'.repeat(n)],
    ['a block scalar of blank lines', (n) => `a: |\n${'   \n'.repeat(n)}b: c\n`],
    ['a block scalar with a deep blank line', (n) => `a: |\n${' '.repeat(n)}\n b\n`],
    ['documents', (n) => '---\na\n'.repeat(n)],
    ['ends of documents', (n) => '...\n'.repeat(n)],
    ['byte order marks', (n) => `a\n${'\ufeff\n'.repeat(n)}`],
    ['byte order marks and blank lines', (n) => `a\n\ufeff${'\n# b\n'.repeat(n)}`],
    ['mappings that get deeper', (n) => staircase('k:').repeat(n)],
    ['lists that get deeper', (n) => staircase('-').repeat(n)],
  ]

  test.each(SHAPES)('%s', (_name, shape) => {
    const [once, twice, fourTimes] = [250, 500, 1000].map((n) => steps(shape(n))) as [number, number, number]
    expect(twice - once).toBeGreaterThan(0)
    // What is not in proportion is the part that all three have in common.
    expect((fourTimes - twice) / (twice - once)).toBeLessThan(2.1)
    expect(steps(shape(1000))).toBeLessThan(20 * shape(1000).length)
  })

  function staircase(step: string): string {
    return Array.from({ length: 20 }, (_, i) => `${' '.repeat(i)}${step}\n`).join('')
  }

  function directives(n: number): string {
    return Array.from({ length: n }, (_, i) => `%TAG !h${i}! tag:a\n`).join('')
  }

  /** How often the parser looks at a character of the text. */
  function steps(text: string): number {
    let count = 0
    const counted = {
      length: text.length,
      charCodeAt(offset: number) {
        count++
        return text.charCodeAt(offset)
      },
      slice(start: number, end: number) {
        count += end - start
        return text.slice(start, end)
      },
      indexOf(search: string) {
        count += text.length
        return text.indexOf(search)
      },
    }
    try {
      parseYamlEvents(counted as unknown as string, { maxDepth: 200 })
    } catch (error) {
      if (!(error instanceof YamlParseError)) throw error
    }
    return count
  }
})

describe('a nesting', () => {
  const SHAPES: readonly [string, (depth: number) => string][] = [
    ['of brackets', (depth) => '['.repeat(depth)],
    ['of braces', (depth) => '{a: '.repeat(depth)],
    ['of items', (depth) => '- '.repeat(depth)],
    ['of keys', (depth) => '? '.repeat(depth)],
    ['of pairs', (depth) => '[a: '.repeat(depth)],
    ['of lines', (depth) => Array.from({ length: Math.min(depth, 1000) }, (_, i) => `${' '.repeat(i)}a:\n`).join('')],
  ]

  test.each(SHAPES)('%s has a limit', (_name, shape) => {
    const tooDeep = expect.objectContaining({ name: 'YamlParseError', tooDeep: true })
    expect(() => parseYamlEvents(shape(202), { maxDepth: 200 })).toThrow(tooDeep)
    expect(() => parseYamlEvents(shape(100_000), { maxDepth: 200 })).toThrow(tooDeep)
    expect(() => parseYamlEvents(shape(199), { maxDepth: 200 })).not.toThrow(tooDeep)
  })
})

test('a nesting ends with its collections', () => {
  const texts = [
    'k: v\n---\n',
    'k: v\n...\n',
    '- k: v\n- [a: b]\n',
    'k:\n- {a: b}\n---\n',
    '? a\n---\n',
    '&a : b\n---\n',
  ]
  for (const text of texts) expect(parseYamlEvents(text.repeat(500), { maxDepth: 8 }).length).toBeGreaterThan(500)
})

describe('a refusal', () => {
  test.each([
    'a: "hunter2\\q"\n',
    'a: !hunter2^ b\n',
    'a: !hunter2!x b\n',
    'a: !<hunter2^> b\n',
    'hunter2: a: b\n',
    '%YAML hunter2\n---\n',
    '%TAG hunter2 hunter2\n---\n',
    'a: [hunter2\n',
    'a: hunter2\u0001\n',
    'a: &hunter2 &hunter2 b\n',
    'a: |hunter2\n',
    'a: hunter2\n  hunter2: b\n',
    'a: {hunter2 hunter2\nhunter2: "hunter2" "hunter2"}\n',
    'hunter2\0',
  ])('of %j repeats nothing of the text', (text) => {
    expect(() => parseYamlEvents(text, { maxDepth: 200 })).toThrow(/^(?!.*hunter2)/)
  })

  test.each([
    ['a: b\nc: [d\n', 11],
    ['a: "b\\q"\n', 5],
    ['a: b\n c: d\n', 7],
    ['a\0', 1],
  ])('of %j says where', (text, offset) => {
    expect(() => parseYamlEvents(text, { maxDepth: 200 })).toThrow(expect.objectContaining({ offset }))
  })
})
