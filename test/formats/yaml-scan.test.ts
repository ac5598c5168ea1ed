import { existsSync, readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Comment, Node } from '../../src/core/tree.ts'
import { FormatError } from '../../src/formats/format.ts'
import type { YamlLeaf, YamlScanned } from '../../src/formats/yaml-nodes.ts'
import { scanYaml } from '../../src/formats/yaml-scan.ts'
import { hasSharedData, sharedData } from '../shared-data.ts'
import { seeTheSame, tryScan } from './yaml-second-opinion.ts'
import { yamlText } from './yaml-text.ts'

/** Every comment with the path of what holds it; `^` for those outside of the root. */
function commentsOf({ documents }: YamlScanned): string[] {
  return documents.flatMap(({ root, comments }) => [
    ...comments.map(({ text }) => `^${text}`),
    ...(root === undefined ? [] : below(root, '')),
  ])

  function below(node: Node, path: string): string[] {
    if (node.kind !== 'map' && node.kind !== 'list') return []
    let index = 0
    return node.items.flatMap((item): string[] => {
      if (item.kind === 'comment') return [`${path || '.'}${item.inline ? ' (inline)' : ''}${item.text}`]
      if (item.kind === 'entry') return below(item.value, `${path}.${item.key}`)
      return below(item, `${path}[${index++}]`)
    })
  }
}

describe('a comment belongs to', () => {
  test.each<[string, string, readonly string[]]>([
    ['the map that it stands in', 'a: 1\n# c\nb: 2\n', ['. c']],
    ['the map whose entry it stands behind', 'a: 1 # c\n', ['. (inline) c']],
    ['the map whose key it stands behind', 'a: # c\n  b: 1\n', ['. (inline) c']],
    ['the map below the key, on a line of its own', 'a:\n  # c\n  b: 1\n', ['.a c']],
    ['the outer map, where it is indented less', 'a:\n  b: 1\n# c\nd: 1\n', ['. c']],
    ['the inner map, where it is indented like it', 'a:\n  b: 1\n  # c\nd: 1\n', ['.a c']],
    ['the list that it stands in', 'a:\n- 1\n# c\n- 2\n', ['.a c']],
    ['the map, behind a list in the column of its key', 'a:\n- 1\n# c\nb: 1\n', ['. c']],
    ['the list, behind its dash', '- # c\n  a: 1\n', ['. (inline) c']],
    ['the map in a list', '- a: 1\n  # c\n- b\n', ['[0] c']],
    ['the brackets that it stands in', 'a: [1, # c\n  # d\n  2]\n', ['.a (inline) c', '.a d']],
    ['the map, behind brackets', 'a: [1] # c\n', ['. (inline) c']],
    ['the outer map, before brackets', 'a: # c\n  [1]\n', ['. (inline) c']],
    ['the braces, behind an entry and its comma', '{a: 1, # c\n b: 2 # d\n}\n', ['. (inline) c', '. (inline) d']],
    ['the collection behind the properties', 'a: &x # c\n  # d\n  - 1\n', ['.a (inline) c', '.a d']],
    ['the collection, between its properties', 'a: &x # c\n  !t # d\n  - 1\n', ['.a (inline) c', '.a (inline) d']],
    ['the map, between properties and a value', 'a: &x # c\n  1\n', ['. (inline) c']],
    ['the map, between a key and its colon', '? a # c\n# d\n: 1\n', ['. (inline) c', '. d']],
    ['the map, before a block scalar', 'a: !t # c\n  |\n  x\n', ['. (inline) c']],
    ['nothing but the document, before its root', '# c\n\n# d\na: 1\n', ['^ c', '^ d']],
    [
      'nothing but the document, behind a directive and a marker',
      '%YAML 1.1 # c\n# d\n--- # e\na: 1\n',
      ['^ c', '^ d', '^ e'],
    ],
    ['nothing but the document, where it has no root', '# c\n---\n# d\n', ['^ c', '^ d']],
    ['nothing but the document, before a root list', '# c\n- 1\n', ['^ c']],
    ['the root map, at the end of the document', 'a: 1\n# c\n...\n# d\n', ['^ d', '. c']],
    ['the root map of the document that follows the marker', 'a: 1\n# c\n---\n# d\nb: 1\n', ['. c', '. d']],
  ])('%s', (_what, text, expected) => {
    expect(commentsOf(scanYaml(text))).toEqual(expected)
  })

  test.each([
    ['a # without a space before it', 'a: b#c\n'],
    ['a # in quotes', 'a: "b # c"\nd: \'# e\'\n'],
    ['a # in a block scalar', 'a: |\n  # b\n c: 1\n'.replace(' c: 1\n', '')],
    ['a # in an anchor, a tag and a key', 'a#b: !c#d &e#f g\n'],
    ['the header of a block scalar, whose slot it is part of', 'a: | # c\n  b\n'],
    ['a core tag, whose slot it is part of', 'a: !!int # c\n  3\n'],
  ])('nobody in %s', (_what, text) => {
    expect(commentsOf(scanYaml(text))).toEqual([])
  })
})

/** The text of each leaf's slot. */
function slotsOf(text: string): string[] {
  const scanned = scanYaml(text)
  return leavesOf(scanned).map(({ start, end }) => scanned.text.slice(start, end))
}

function leavesOf({ documents }: YamlScanned): YamlLeaf[] {
  return documents.flatMap(({ root }) => (root === undefined ? [] : below(root)))

  function below(node: Node): YamlLeaf[] {
    if (node.kind === 'leaf') return [node as YamlLeaf]
    if (node.kind === 'alias') return []
    return node.items.flatMap((item) =>
      item.kind === 'comment' ? [] : below(item.kind === 'entry' ? item.value : item),
    )
  }
}

describe('the slot of a value is', () => {
  test.each<[string, string, readonly string[]]>([
    ['its text', 'a: b c # d\ne:\t1 \n', ['b c', '1']],
    ['its text with the quotes', 'a: "b" # c\nd: \'e\'\n', ['"b"', "'e'"]],
    ['all of its lines', 'a: b\n  c\n\n  d\ne: "f\n  g"\n', ['b\n  c\n\n  d', '"f\n  g"']],
    ['behind anchor and tag', 'a: &x !t b\n', ['b']],
    ['from a core tag on', 'a: &x !!int 3\nb: !!int &y 3\nc: !!str d\n', ['&x !!int 3', '!!int &y 3', 'd']],
    ['from the header of a block scalar to its last line', 'a: |+2 # b\n   c\n\n  d\n', ['|+2 # b\n   c\n\n  d']],
    ['without the blank lines behind a block scalar', 'a: |\n  b\n\n\nc: 1\n', ['|\n  b', '1']],
    ['with the blank lines that a block scalar keeps', 'a: |+\n  b\n\n\nc: 1\n', ['|+\n  b\n\n', '1']],
    ['with lines of more spaces than the indentation', 'a: |\n  b\n     \nc: 1\n', ['|\n  b\n     ', '1']],
    ['empty where nothing is written', 'a:\nb: # c\nd: \n', ['', '', '']],
    ['empty behind the properties', 'a: &x\nb: !t\n', ['', '']],
    ['within brackets', '[a, "b" , [c], {d: e, f}]\n', ['a', '"b"', 'c', 'e', '']],
  ])('%s', (_what, text, expected) => {
    expect(slotsOf(text)).toEqual(expected)
  })

  test('where its line ends with CR LF, without the CR', () => {
    expect(slotsOf('a: b\r\nc: |\r\n  d\r\n\r\ne: "f"\r\n')).toEqual(['b', '|\r\n  d', '"f"'])
  })

  test('counted from behind the byte order mark', () => {
    expect(slotsOf('\ufeffa: b\n')).toEqual(['b'])
    expect(scanYaml('\ufeffa: b\n')).toMatchObject({ bom: true, text: 'a: b\n' })
  })

  test('never over another slot, comment or key, and in the order of the text', () => {
    fc.assert(
      fc.property(yamlText, (text) => {
        const scanned = tryScan(text)
        if (scanned === undefined) return
        let at = 0
        for (const { start, end } of spansOf(scanned)) {
          expect(start).toBeGreaterThanOrEqual(at)
          expect(end).toBeGreaterThanOrEqual(start)
          at = end
        }
        expect(at).toBeLessThanOrEqual(scanned.text.length)
      }),
      { numRuns: 500 },
    )
  })

  function spansOf(scanned: YamlScanned): readonly { readonly start: number; readonly end: number }[] {
    const spans: { start: number; end: number }[] = []
    for (const { root, comments } of scanned.documents) {
      comments.forEach(add)
      if (root !== undefined) below(root)
    }
    return spans.sort((a, b) => a.start - b.start || a.end - b.end)

    function add({ start, end }: { start: number; end: number }): void {
      spans.push({ start, end })
    }
    function below(node: Node | Comment): void {
      if (node.kind !== 'map' && node.kind !== 'list') {
        add(node)
        return
      }
      for (const item of node.items) {
        if (item.kind !== 'entry') below(item)
        else {
          add(item.keySpan)
          below(item.value)
        }
      }
    }
  }
})

describe('at the end of the text', () => {
  test.each<[string, string, readonly string[]]>([
    ['a literal block ends without a line break', 'a: |\n  b', ['b']],
    ['a literal block that keeps its line breaks has none', 'a: |+\n  b', ['b']],
    ['a folded block ends without a line break', 'a: >\n  b\n  c', ['b c']],
    ['a literal block ends with its line break', 'a: |\n  b\n', ['b\n']],
    ['a literal block may be empty', 'a: |', ['']],
    ['a plain text ends before white space', 'a: b  ', ['b']],
    ['a value may be missing', 'a:', ['']],
    ['an item may be missing', '-', ['']],
    ['a document marker may stand', 'a: b\n...', ['b']],
    ['a comment may stand', 'a: b # c', ['b']],
  ])('%s', (_what, text, values) => {
    expect(leavesOf(scanYaml(text)).map((leaf) => leaf.text)).toEqual(values)
  })

  test.each(['', '\n', '# c', '---', '---\n', '...\n', '\ufeff', '%YAML 1.1\n---\n', ' ', '\t', '\r\n'])(
    'of %j there is a document without a root',
    (text) => {
      expect(scanYaml(text).documents.map(({ root }) => root)).toEqual([undefined])
    },
  )
})

describe('refuses', () => {
  test.each<[string, string, string]>([
    ['a key that is a list', '[a]: b\n', 'FORMAT_UNSUPPORTED'],
    ['a key that is a map', '? {a: b}\n: c\n', 'FORMAT_UNSUPPORTED'],
    ['a key that is an alias', 'a: &x b\n*x : c\n', 'FORMAT_UNSUPPORTED'],
    ['a key that is empty', ': a\n', 'FORMAT_UNSUPPORTED'],
    ['a value that does not fit its tag', 'a: !!int b\n', 'FORMAT_UNSUPPORTED'],
    ['binary data that is no text', 'a: !!binary /w==\n', 'FORMAT_UNSUPPORTED'],
    ['a carriage return alone', 'a: b\rc: d\n', 'FORMAT_UNSUPPORTED'],
    ['a key that is there twice', 'a: b\na: c\n', 'FORMAT_DUPLICATE_KEY'],
    ['a key that is there in two spellings', 'a: b\n"a": c\n', 'FORMAT_DUPLICATE_KEY'],
    ['a key twice in the second document', 'a: b\n---\na: 1\na: 2\n', 'FORMAT_DUPLICATE_KEY'],
    ['an alias to nothing', 'a: *x\n', 'FORMAT_SYNTAX'],
    ['an alias to the other document', 'a: &x 1\n---\nb: *x\n', 'FORMAT_SYNTAX'],
    ['an alias within itself', 'a: &x [*x]\n', 'FORMAT_SYNTAX'],
    ['an escape beyond Unicode', 'a: "\\U00110000"\n', 'FORMAT_SYNTAX'],
    ['a NUL', 'a: b\0\n', 'FORMAT_SYNTAX'],
    ['brackets without end', '['.repeat(3000), 'FORMAT_TOO_DEEP'],
    ['dashes without end', '- '.repeat(3000), 'FORMAT_TOO_DEEP'],
  ])('%s', (_what, text, code) => {
    expect(() => scanYaml(text)).toThrow(expect.objectContaining({ code }))
  })

  test.each([
    'password: *hunter2',
    'password: "\\hunter2"',
    'password: @hunter2',
    'password: !hunter2!x y',
    'a: [hunter2: }',
  ])('without repeating the text: %s', (text) => {
    expect(() => scanYaml(text)).toThrow(FormatError)
    expect(() => scanYaml(text)).not.toThrow(/hunter2/)
    expect(() => scanYaml(text)).not.toThrow(expect.objectContaining({ excerpt: expect.stringMatching(/hunter2/) }))
  })
})

test('the documents of a long stream are all as deep as the first', () => {
  expect(scanYaml('a: {b: [1]}\n---\n'.repeat(1000)).documents).toHaveLength(1001)
})

test('an alias refers to the last node before it that has its anchor', () => {
  const { rare } = scanYaml('a: &x\n  b: &x 1\n  c: *x\nd: *x\ne: &x 2\nf: *x\n')
  expect(rare.aliases.map(({ target }) => target.kind === 'leaf' && target.text)).toEqual(['1', '1', '2'])
})

test('a key may be a block scalar, as sops writes those of several lines', () => {
  const text = '? |-\n    two\n    lines\n: a # one\n? >\n    kept\n\n:   - b\nz: c\n'
  const [document] = scanYaml(text).documents
  const entries = document?.root?.kind === 'map' ? document.root.items.filter((item) => item.kind === 'entry') : []
  expect(entries.map(({ key }) => key)).toEqual(['two\nlines', 'kept\n', 'z'])
  expect(leavesOf(scanYaml(text)).map(({ start, end }) => text.slice(start, end))).toEqual(['a', 'b', 'c'])
})

test('a tag is compared without its escapes, as go-yaml does', () => {
  expect(leavesOf(scanYaml('a: !!%69nt 3\nb: !%69nt 3\n')).map(({ type }) => type)).toEqual(['int', 'str'])
})

describe('the yaml package finds the same keys, structure and texts', () => {
  /** Where it is wrong, or follows the suite and we follow go-yaml. */
  const KNOWN: Readonly<Record<string, string>> = {
    'M7A3/in.yaml': 'a document that is only a comment and its end',
    'UKK6/02/in.yaml': 'a tag without a name and without a value, which go-yaml takes for nothing',
  }

  test('in generated files', () => {
    fc.assert(
      fc.property(yamlText, (text) => {
        expect(seeTheSame(text)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test.skipIf(!hasSharedData)('in the files of the corpora, where they are at hand', () => {
    const different = corpusFiles().filter((path) => !seeTheSame(readFileSync(sharedData(path), 'utf8')))
    expect(different.map((path) => path.split('/').slice(2).join('/'))).toEqual(Object.keys(KNOWN))
  })
})

describe.skipIf(!hasSharedData)('where the corpora are at hand, of the valid files', () => {
  test('those that have no tree of string keys are refused as such, and no others', () => {
    const refused = new Map<string, number>()
    for (const path of corpusFiles()) {
      if (existsSync(sharedData(`${path.slice(0, path.lastIndexOf('/'))}/error`))) continue
      try {
        scanYaml(readFileSync(sharedData(path), 'utf8'))
      } catch (error) {
        if (!(error instanceof FormatError)) throw error
        expect([path, error.code]).toEqual([path, expect.stringMatching(/^FORMAT_(UNSUPPORTED|DUPLICATE_KEY)$/)])
        const reason = error.message.replace(/tag .*/, 'tag')
        refused.set(reason, (refused.get(reason) ?? 0) + 1)
      }
    }
    expect(Object.fromEntries([...refused].sort())).toEqual({
      'a key that is a collection': 20,
      'a key that is an alias': 2,
      'a key that is empty': 13,
      'a mapping key is repeated': 5,
      'a value that is not what its tag': 1,
    })
  })
})

function corpusFiles(): readonly string[] {
  return ['corpora/yaml-test-suite', 'corpora/kubernetes-examples'].flatMap((folder) =>
    readdirSync(sharedData(folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => /(^|\/)in\.yaml$|\.ya?ml$/.test(path) && !/^(name|tags)\/|\/(out|emit)\.yaml$/.test(path))
      .map((path) => `${folder}/${path}`)
      .sort(),
  )
}
