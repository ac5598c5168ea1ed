import { existsSync, readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { getScalarValue, parseEvents } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import type { YamlEvent } from '../../src/formats/yaml-parser/event.ts'
import { YamlParseError } from '../../src/formats/yaml-parser/reader.ts'
import { hasSharedData, sharedData } from '../shared-data.ts'
import { eventsOf, suiteEvents, suiteValue } from './yaml-events.ts'
import { yamlText } from './yaml-text.ts'

const SUITE = 'corpora/yaml-test-suite'
const suite = hasSharedData ? filesBelow(SUITE, /\/in\.yaml$/) : []

/** Errors to the suite, but read by libyaml, and so by sops and by those who write such files. */
const READ_ALL_THE_SAME: Readonly<Record<string, string>> = {
  '9C9N': 'lines of a flow sequence that are not indented',
  'VJP3/00': 'lines of a flow mapping that are not indented',
  'Y79Y/003': 'a line of a flow sequence that is indented by a tab',
  QB6E: 'a line within quotes that is not indented',
  'DK95/01': 'a line within quotes that is indented by a tab',
  HRE5: "an escape \\' in double quotes",
  YJV2: 'a dash alone in a flow sequence',
  G5U8: 'dashes alone in a flow sequence',
}

describe.skipIf(!hasSharedData)('where the corpora are at hand, every case of the YAML test suite', () => {
  test.each(suite.map((path) => path.slice(SUITE.length + 1, -'/in.yaml'.length)))('%s gives its events', (name) => {
    const text = withoutMark(readFileSync(sharedData(`${SUITE}/${name}/in.yaml`), 'utf8'))
    if (!existsSync(sharedData(`${SUITE}/${name}/error`))) {
      const expected = readFileSync(sharedData(`${SUITE}/${name}/test.event`), 'utf8')
      // How a document ends says nothing about its content.
      expect(suiteEvents(text)).toEqual(expected.trimEnd().replaceAll('-DOC ...', '-DOC').split('\n'))
    } else if (READ_ALL_THE_SAME[name] === undefined) expect(() => suiteEvents(text)).toThrow(YamlParseError)
    else expect(() => suiteEvents(text)).not.toThrow()
  })
})

describe('js-yaml finds the same events', () => {
  const kubernetes = hasSharedData ? filesBelow('corpora/kubernetes-examples', /\.ya?ml$/) : []

  test.skipIf(!hasSharedData)('in the files of the corpora, where they are at hand', () => {
    for (const path of [...suite, ...kubernetes]) expectSameEvents(withoutMark(readFileSync(sharedData(path), 'utf8')))
  })

  test.each([
    ['brackets', '[', '[],', ']'],
    ['properties', '', '- &a b\n- !t [&c d]\n', ''],
    ['keys that are collections', '[', '[[a]: b]: c, ', ']'],
    ['block scalars', '', '- |2+\n  a\n- >-\n b\n', ''],
    ['documents', '', '%TAG !e! x\n--- a\n...\n', ''],
  ])('in long files of %s', (_name, start, step, end) => {
    const text = `${start}${step.repeat(1000)}${end}`
    const ours = ourEvents(text)
    expect(ours?.length).toBeGreaterThan(text.length / 20)
    expect(ours).toEqual(jsYamlEvents(text))
  })

  test('in generated files', () => {
    fc.assert(fc.property(yamlText, expectSameEvents), { numRuns: 500 })
  })

  test('in broken files', () => {
    const pieces = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 14 }).map((all) => all.join(''))
    fc.assert(fc.property(pieces, expectSameEvents), { numRuns: 20_000 })
  })
})

const INDENTS = [' ', '  ', '\n', '\n', '\n  ', '\n    ', '\r\n', '\t']
const SIGNS = [
  ': ',
  ':',
  '- ',
  '? ',
  '?',
  ', ',
  '[',
  ']',
  '{',
  '}',
  '# x',
  '%',
  '--- ',
  '...\n',
  '\\',
  '|\n',
  '>-\n',
  '|',
  '>1\n',
]
const NODES = ['&a ', '*a ', '!t ', '!!str ', '"', "'", '"q"', "'q'", 'a', 'b', 'k: ', '\n- ', '[]', 'é', '1']
const PIECES = [...INDENTS, ...SIGNS, ...NODES]

function expectSameEvents(text: string): void {
  if (misread(text)) return
  const theirs = jsYamlEvents(text)
  const ours = theirs === undefined ? undefined : ourEvents(text)
  if (theirs !== undefined && ours !== undefined) expect(ours).toEqual(theirs)
}

/** What js-yaml reads otherwise than YAML and libyaml do. */
function misread(text: string): boolean {
  return (
    // Takes an indented marker for a marker, and the column of a root for its indentation.
    /^\s/.test(text) ||
    /^[ \t]+(?:---|\.\.\.)/m.test(text) ||
    /^(?:---|\.\.\.|#).*\n\s+\S/m.test(text) ||
    // Gives the first of two properties before a key to the mapping.
    /[&!]\S*\s+[&!]/.test(text)
  )
}

function jsYamlEvents(text: string): unknown[] | undefined {
  try {
    return parseEvents(text, { maxDepth: 201 }).map((event) => {
      switch (event.type) {
        case 1:
          return ['document', event.explicitStart, event.directives]
        case 2:
        case 3:
          return [event.type === 2 ? 'sequence' : 'mapping', event.style === 2, event.start, ...rangesOf(event)]
        case 4: {
          // It loses the blank lines behind an escaped line break; the suite's cases cover what is decoded here.
          const value = event.style === 3 ? text.slice(event.valueStart, event.valueEnd) : getScalarValue(text, event)
          return ['scalar', event.valueStart, event.valueEnd, event.indent, value, ...rangesOf(event)]
        }
        case 5:
          return ['alias', event.anchorStart, event.anchorEnd]
        default:
          return ['end']
      }
    })
  } catch {
    return undefined
  }
}

function ourEvents(text: string): unknown[] | undefined {
  const events = eventsIfYaml(text)
  return events?.map((event) => {
    switch (event.type) {
      case 'document':
        return [event.type, event.explicitStart, event.directives]
      case 'sequence':
      case 'mapping':
        return [event.type, event.style === 'flow', event.start, ...rangesOf(event.properties)]
      case 'scalar': {
        const value = event.style === 'double' ? text.slice(event.start, event.end) : suiteValue(text, event)
        return [event.type, event.start, event.end, event.indent, value, ...rangesOf(event.properties)]
      }
      case 'alias':
        return [event.type, event.start, event.end]
      case 'end':
        return [event.type]
      default:
        return event satisfies never
    }
  })
}

function eventsIfYaml(text: string): readonly YamlEvent[] | undefined {
  try {
    return eventsOf(text)
  } catch (error) {
    if (error instanceof YamlParseError) return undefined
    throw error
  }
}

interface Ranges {
  readonly anchorStart: number
  readonly anchorEnd: number
  readonly tagStart: number
  readonly tagEnd: number
}

function rangesOf({ anchorStart, anchorEnd, tagStart, tagEnd }: Ranges): readonly number[] {
  return [anchorStart, anchorEnd, tagStart, tagEnd]
}

describe('within brackets and quotes lines may stand in any column, as libyaml has it', () => {
  // The second column is what go.yaml.in/yaml/v3 v3.0.4 reads.
  test.each([
    ['x: [\n  1\n]\n', '{ x [ 1 ] }'],
    ['x: [\n1]', '{ x [ 1 ] }'],
    ['x: [\n1,\n2\n]\ny: 3\n', '{ x [ 1 2 ] y 3 }'],
    ['a:\n- {\n  b: 1\n}\n', '{ a [ { b 1 } ] }'],
    ['a:\n  b: {\nc: d,\n# note\n  e: [\n]}\n  f: g\n', '{ a { b { c d e [ ] } f g } }'],
    ['a: {\n\tb: 1,\n\t\tc: 2\n\t}\n', '{ a { b 1 c 2 } }'],
    ['a: [b\nc]\n', '{ a [ b c ] }'],
    ['a: ["b\nc"\n]\n', '{ a [ b c ] }'],
    ['a: "b\nc"\nd: e\n', '{ a b c d e }'],
    ["- a: 'b\n\n c'\n", '[ { a b↵c } ]'],
    ['a: [&x\nb, !t\nc]\n', '{ a [ b c ] }'],
    ['- [\n]\n- {\n}\n', '[ [ ] { } ]'],
    ['a: [\r\n1\r\n]\r\n', '{ a [ 1 ] }'],
    ['a: [-, -]\n', '{ a [ - - ] }'],
    ['a: "it\\\'s"\n', "{ a it's }"],
  ])('%j is read', (text, expected) => {
    expect(sketch(text)).toBe(expected)
  })

  test.each([
    'x: [\n]: 1\n',
    'x: "\n": 1\n',
    'x: [\n] y: 1\n',
    '- [\n]- 1\n',
    '? [\n]: 1\n',
    'x: [\n---\n]\n',
    'x: [\n...\n]\n',
    'x: "\n---\n"\n',
    'x: [\n%A\n]\n',
    'x: [1\n',
    'x: [1 2\n, ]]\n',
    'a:\n  b: [\n] c: d\n',
    '[\n]: 1\n',
  ])('%j is refused', (text) => {
    expect(() => sketch(text)).toThrow(YamlParseError)
  })
})

describe('properties belong to the key on whose line they stand, and to the mapping on lines before', () => {
  test.each([
    ['&a\n&b k: v\n', '&a{ &b·k v }'],
    ['- &a !t k: v\n', '[ { &a!t·k v } ]'],
    ['x:\n  &a !t k: v\n', '{ x { &a!t·k v } }'],
    ['- &a [x]: y\n', '[ { &a[ x ] y } ]'],
    ['- &a\n  !t\n  k: v\n', '[ &a!t{ k v } ]'],
    ['- &a\n  !t k\n', '[ &a!t·k ]'],
    ['- &a : v\n', '[ { &a· v } ]'],
    ['x: &a\n  *b : c\n', '{ x &a{ *b c } }'],
    ['x: &a\n- b\n', '{ x &a[ b ] }'],
    ['&a\n? b\n: c\n', '&a{ b c }'],
    ['[[a]: b]: c\n', '{ [ { [ a ] b } ] c }'],
    ['{[a]: {b: c}, d: e}: [[f]: g]\n', '{ { [ a ] { b c } d e } [ { [ f ] g } ] }'],
  ])('in %j', (text, expected) => {
    expect(sketch(text, true)).toBe(expected)
  })

  test.each(['x: &a k: v\n', '&a\n&b k\n', '- &a &b k: v\n', '&a *b : c\n', '&a\n*b\n', 'x: &a\n&b y\n'])(
    '%j is refused',
    (text) => {
      expect(() => sketch(text)).toThrow(YamlParseError)
    },
  )
})

/** Collections in brackets, scalars as their value. */
function sketch(text: string, withProperties = false): string {
  const closers: string[] = []
  return eventsOf(text)
    .map((event) => {
      switch (event.type) {
        case 'document':
          closers.push('')
          return ''
        case 'mapping':
        case 'sequence':
          closers.push(event.type === 'mapping' ? '}' : ']')
          return `${propertiesOf(event.properties)}${event.type === 'mapping' ? '{' : '['}`
        case 'scalar': {
          const properties = propertiesOf(event.properties)
          return `${properties}${properties && '·'}${suiteValue(text, event).replaceAll('\n', '↵')}`
        }
        case 'alias':
          return `*${text.slice(event.start, event.end)}`
        default:
          return closers.pop()
      }
    })
    .join(' ')
    .trim()

  function propertiesOf({ anchorStart, anchorEnd, tagStart, tagEnd }: Ranges): string {
    if (!withProperties) return ''
    return `${anchorStart < 0 ? '' : `&${text.slice(anchorStart, anchorEnd)}`}${text.slice(tagStart, tagEnd)}`
  }
}

function filesBelow(folder: string, pattern: RegExp): string[] {
  return readdirSync(sharedData(folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path}`)
    .filter((path) => pattern.test(path))
    .sort()
}

function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text
}
