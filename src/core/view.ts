import type { EnvelopeType } from './encrypted-value.ts'
import type { Selector } from './selection.ts'
import type { ScalarType } from './tree.ts'

/** Takes bytes; they are the caller's again when it returns. */
export type ByteSink = (bytes: Uint8Array) => void

/**
 * Encodes what the seal binds, so that two different views never have the same encoding: every item is a one-byte tag,
 * then an eight-byte length and the bytes where it has content.
 *
 * The view is the same before and after sops loads and prints a file without rewriting the MAC: number spelling, tags,
 * anchors and quoting are no part of it, structure, keys, types of encrypted values and order are.
 */
export interface ViewEncoder {
  startDocument(): void
  endDocument(): void
  /** `selected`: what stands right below would be encrypted. */
  startMap(selected: boolean): void
  key(key: string): void
  endMap(): void
  startList(selected: boolean): void
  endList(): void
  /** A value that is encrypted in the file: its type, and what Go prints for it. */
  encrypted(type: EnvelopeType, text: string): void
  /** A value that stands in the file readable. `selected`: the selector would have it encrypted (empty text, null). */
  plain(type: ScalarType, text: string, selected: boolean): void
  /** Must be called once, at the end. */
  end(): void
}

const TAG = {
  version: 0x76,
  selector: 0x53,
  onlyEncrypted: 0x6d,
  binary: 0x62,
  startDocument: 0x44,
  endDocument: 0x64,
  startMap: 0x7b,
  endMap: 0x7d,
  startList: 0x5b,
  endList: 0x5d,
  key: 0x6b,
  encryptedType: 0x45,
  encryptedText: 0x65,
  null: 0x6e,
  string: 0x73,
  number: 0x23,
  bool: 0x3f,
  time: 0x74,
} as const

const CLASS: Readonly<Record<ScalarType, number>> = {
  null: TAG.null,
  str: TAG.string,
  // sops turns one into the other when it prints and loads a readable `3.0`.
  int: TAG.number,
  float: TAG.number,
  bool: TAG.bool,
  time: TAG.time,
}

/**
 * Starts the encoding of a view.
 *
 * With `onlyEncrypted` (sops' `mac_only_encrypted`) it holds what the selector selects, and the keys on the way there:
 * people asked to be able to edit the rest.
 */
export function encodeView(
  sink: ByteSink,
  { selector, onlyEncrypted }: { selector: Selector; onlyEncrypted: boolean },
): ViewEncoder {
  const out = byteWriter(sink)
  out.item(TAG.version, 'kmsfile v1')
  out.item(TAG.selector, selector.kind)
  out.item(TAG.selector, selector.text)
  out.item(TAG.onlyEncrypted, onlyEncrypted ? '1' : '0')
  out.item(TAG.binary, '0')

  const direct: ViewEncoder = {
    startDocument: () => out.tag(TAG.startDocument),
    endDocument: () => out.tag(TAG.endDocument),
    startMap: () => out.tag(TAG.startMap),
    key: (key) => out.item(TAG.key, key),
    endMap: () => out.tag(TAG.endMap),
    startList: () => out.tag(TAG.startList),
    endList: () => out.tag(TAG.endList),
    encrypted(type, text) {
      out.item(TAG.encryptedType, type)
      out.item(TAG.encryptedText, text)
    },
    plain(type, text) {
      if (type === 'null') out.tag(TAG.null)
      else out.item(CLASS[type], text === '-0' && type !== 'str' ? '0' : text)
    },
    end: () => out.flush(),
  }
  return onlyEncrypted ? onlySelected(direct) : direct
}

/** Holds back containers and keys until something selected stands in them. */
function onlySelected(direct: ViewEncoder): ViewEncoder {
  interface Level {
    readonly start: () => void
    readonly end: () => void
    written: boolean
    key: string | undefined
  }
  const levels: Level[] = []

  function reach(): void {
    for (const level of levels) {
      if (!level.written) level.start()
      level.written = true
      if (level.key !== undefined) direct.key(level.key)
      level.key = undefined
    }
  }
  function open(selected: boolean, start: () => void, end: () => void): void {
    if (selected) reach()
    levels.push({ start, end, written: false, key: undefined })
    if (selected) reach()
  }
  function close(): void {
    const level = levels.pop()
    if (level?.written) level.end()
  }

  return {
    startDocument: direct.startDocument,
    endDocument: direct.endDocument,
    startMap: (selected) => open(selected, () => direct.startMap(selected), direct.endMap),
    endMap: close,
    startList: (selected) => open(selected, () => direct.startList(selected), direct.endList),
    endList: close,
    key(key) {
      const level = levels.at(-1)
      if (level !== undefined) level.key = key
    },
    encrypted(type, text) {
      reach()
      direct.encrypted(type, text)
    },
    plain(type, text, selected) {
      if (!selected) return
      reach()
      direct.plain(type, text, selected)
    },
    end: direct.end,
  }
}

const SHORT_CHARS = 48

interface ByteWriter {
  tag(tag: number): void
  item(tag: number, text: string): void
  flush(): void
}

/** Collects short items, so that the sink is called with many at once. */
function byteWriter(sink: ByteSink): ByteWriter {
  const buffer = Buffer.allocUnsafeSlow(64 * 1024)
  let at = 0

  function flush(): void {
    sink(buffer.subarray(0, at))
    buffer.fill(0, 0, at)
    at = 0
  }
  function write(text: string, start: number): number {
    // A call into Node costs more than a short text; most are short and ASCII.
    if (text.length > SHORT_CHARS) return buffer.write(text, start)
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) return buffer.write(text, start)
      buffer[start + i] = code
    }
    return text.length
  }
  return {
    flush,
    tag(tag) {
      if (at === buffer.length) flush()
      buffer[at++] = tag
    },
    item(tag, text) {
      // A UTF-16 unit takes at most three bytes.
      if (at + 9 + text.length * 3 > buffer.length) flush()
      const large = 9 + text.length * 3 > buffer.length ? Buffer.from(text) : undefined
      const start = at + 9
      const length = large === undefined ? write(text, start) : large.length
      buffer[at] = tag
      buffer[at + 1] = 0
      buffer[at + 2] = 0
      buffer[at + 3] = 0
      buffer[at + 4] = 0
      buffer[at + 5] = length >>> 24
      buffer[at + 6] = length >>> 16
      buffer[at + 7] = length >>> 8
      buffer[at + 8] = length
      at = start
      if (large === undefined) at += length
      else {
        flush()
        sink(large)
        large.fill(0)
      }
    },
  }
}
