// Derived from js-yaml 5.5.0 (MIT); the notice stands in parse-yaml-events.ts.

import { isTagPrefix } from './read-properties.ts'
import { codeAt, fail, HASH, isBlank, isBreak, isSpaceOrEnd, type Reader, skipLine, skipSpace } from './reader.ts'

const PERCENT = 0x25
const VERSION = /^0*1\.[0-9]+$/
const HANDLE = /^!(?:[0-9A-Za-z-]*!)?$/

/** Reads the directives in front of a document, and forgets those of the one before; says whether there are any. */
export function readDirectives(reader: Reader): boolean {
  reader.directives = []
  reader.handles.clear()
  let found = false
  skipSpace(reader, true)
  while (reader.position === reader.lineStart && codeAt(reader, reader.position) === PERCENT) {
    found = true
    readDirective(reader)
    skipSpace(reader, true)
  }
  return found
}

function readDirective(reader: Reader): void {
  const words = readWords(reader)
  const [name, first, second] = words
  if (name === '%') fail(reader, 'a directive without a name')
  if (name === '%YAML') {
    if (reader.directives.some(({ kind }) => kind === 'yaml')) fail(reader, 'a second %YAML directive')
    if (first === undefined || words.length > 2 || !VERSION.test(first))
      fail(reader, 'a %YAML directive without a version 1.x')
    reader.directives.push({ kind: 'yaml', version: first })
  } else if (name === '%TAG') {
    if (
      first === undefined ||
      second === undefined ||
      words.length > 3 ||
      !HANDLE.test(first) ||
      !isTagPrefix(second)
    ) {
      fail(reader, 'a %TAG directive without a handle and a prefix')
    }
    if (reader.handles.has(first)) fail(reader, 'a second %TAG directive for the same handle')
    reader.handles.add(first)
    reader.directives.push({ kind: 'tag', handle: first, prefix: second })
  }
}

function readWords(reader: Reader): string[] {
  const words: string[] = []
  for (;;) {
    while (isBlank(codeAt(reader, reader.position))) reader.position++
    const start = reader.position
    const code = codeAt(reader, start)
    if (code === HASH) skipLine(reader)
    if (code === 0 || isBreak(codeAt(reader, reader.position))) return words
    while (!isSpaceOrEnd(codeAt(reader, reader.position))) reader.position++
    words.push(reader.text.slice(start, reader.position))
  }
}
