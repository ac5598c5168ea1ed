/** Bytes that are looked at to tell what is written in them; an even number. */
const SNIFFED_BYTES = 256
/** Lines of base64 are 64 or 76 characters long, with what stands before them; of a few letters, words are made. */
const FULL_LINE = /^[ \t]*[A-Za-z0-9+/_-]{40,}\r?$/
const LAST_LINE = /^[ \t]*[A-Za-z0-9+/_-]+={0,2}\r?$/
const MIN_FULL_CHARS = 40
const MAX_LINE_CHARS = 300

/** A content as UTF-8 where it is UTF-16, which some shells of Windows write into files; else the content itself. */
export function utf8Of(content: Uint8Array): Uint8Array {
  const order = byteOrderOf(content)
  if (order === undefined) return content
  const bytes = Buffer.from(content.subarray(0, content.length - (content.length % 2)))
  return Buffer.from((order === 'big' ? bytes.swap16() : bytes).toString('utf16le'))
}

/** Of UTF-16 with its mark, or with every other byte zero; undefined for all else. */
function byteOrderOf(content: Uint8Array): 'little' | 'big' | undefined {
  const [first, second] = content
  if (first === 0xff && second === 0xfe) return 'little'
  if (first === 0xfe && second === 0xff) return 'big'
  const start = content.subarray(0, Math.min(SNIFFED_BYTES, content.length - (content.length % 2)))
  if (start.length < 8) return undefined
  const isZero = (remainder: number) => start.every((byte, i) => (byte === 0) === (i % 2 === remainder))
  if (isZero(1)) return 'little'
  return isZero(0) ? 'big' : undefined
}

/** Lines of a content put together. */
export interface WrappedRun {
  readonly bytes: Uint8Array
  /** The first of them, 1-based. */
  readonly line: number
}

/** What stands in lines of base64, as `base64` and `openssl` break them: each run of lines without its line breaks. */
export function* wrappedRuns(content: Uint8Array): Generator<WrappedRun> {
  const text = Buffer.from(content.buffer, content.byteOffset, content.length).toString('latin1')
  let run: string[] = []
  let line = 0
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start)
    const end = found === -1 ? text.length : found
    const length = end - start
    const own = length > MAX_LINE_CHARS || (run.length === 0 && length < MIN_FULL_CHARS) ? '' : text.slice(start, end)
    start = end + 1
    line++
    if (FULL_LINE.test(own)) {
      run.push(own.trim())
      continue
    }
    if (run.length > 0) yield* joined(LAST_LINE.test(own) ? [...run, own.trim()] : run, line - run.length)
    run = []
  }
  yield* joined(run, line - run.length + 1)
}

/** One line by itself was never broken. */
function* joined(lines: readonly string[], line: number): Generator<WrappedRun> {
  if (lines.length > 1) yield { bytes: Buffer.from(lines.join(''), 'latin1'), line }
}
