/*!
 * Derived from the parser of js-yaml 5.5.0 (`src/parser`), as all files of this folder. Its notice:
 *
 * (The MIT License)
 *
 * Copyright (C) 2011-2015 by Vitaly Puzrin
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
 * documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
 * rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
 * persons to whom the Software is furnished to do so, subject to the following conditions:
 *
 * The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
 * Software.
 *
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
 * WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
 * COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
 * OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
 */
import { type EventList, pushDocument, pushEnd } from './event-list.ts'
import { type BlockPlace, readBlockNode } from './read-block.ts'
import { readDirectives } from './read-directive.ts'
import {
  fail,
  isDocumentBoundary,
  isDocumentEnd,
  isDocumentStart,
  type Reader,
  skipByteOrderMark,
  skipSpace,
  startReader,
  YamlParseError,
} from './reader.ts'

/** Behind a `---` on its line no block collection may start. */
const BEHIND_MARKER: BlockPlace = { seeks: false, compact: false, sequenceAtParent: true }
const ROOT: BlockPlace = { ...BEHIND_MARKER, compact: true }

/**
 * Finds the documents, collections, scalars and aliases of a YAML text (1.2, and what libyaml reads besides).
 *
 * Looks at each character a bounded number of times, whatever the text. Scalars are given as ranges of the text;
 * `scalarValue` decodes them. Neither anchors nor keys are compared.
 *
 * @throws YamlParseError where the text is no YAML, or nests nodes deeper than `maxDepth`.
 */
export function parseYamlEvents(text: string, { maxDepth }: { readonly maxDepth: number }): EventList {
  const nul = text.indexOf('\0')
  if (nul !== -1) throw new YamlParseError('a NUL character', nul)
  const reader = startReader(text, maxDepth)
  for (;;) {
    skipByteOrderMark(reader)
    skipSpace(reader, true)
    if (reader.position >= reader.length) break
    readDocument(reader)
  }
  return reader.events
}

function readDocument(reader: Reader): void {
  const hasDirectives = readDirectives(reader)
  let place = ROOT
  const explicitStart = reader.position === reader.lineStart && isDocumentStart(reader)
  if (explicitStart) {
    reader.position += 3
    if (!skipSpace(reader, true)) place = BEHIND_MARKER
  } else if (hasDirectives) fail(reader, 'expected --- behind directives')
  else if (reader.position === reader.lineStart && isDocumentEnd(reader)) {
    reader.position += 3
    skipSpace(reader, true)
    return
  }
  pushDocument(reader.events, { type: 'document', explicitStart, directives: reader.directives })
  readBlockNode(reader, -1, place)
  skipSpace(reader, true)
  readDocumentEnd(reader)
  pushEnd(reader.events)
}

function readDocumentEnd(reader: Reader): void {
  if (reader.position >= reader.length || isDocumentBoundary(reader)) {
    if (reader.position !== reader.lineStart || !isDocumentEnd(reader)) return
    reader.position += 3
    if (skipSpace(reader, true) || reader.position >= reader.length) return
  }
  fail(reader, 'expected the end of the document')
}
