import { createHmac } from 'node:crypto'

/** Shorter patterns cannot be looked for. */
export const MIN_PATTERN_BYTES = 8

/**
 * Looks for many byte patterns at once. Of a pattern it keeps its length and keyed hashes, not its bytes.
 *
 * Memory grows with the number of patterns, not with their length nor with what is looked through; time with what is looked
 * through, hardly with the number of patterns.
 */
export interface ValueMatcher {
  /** How many patterns there are. */
  readonly size: number
  /** Bytes of the longest. */
  readonly longest: number
  /** Adds a pattern under a number of the caller's. @throws RangeError for less than {@link MIN_PATTERN_BYTES} */
  add(pattern: Uint8Array, tag: number): void
  /** Tells of every place of every pattern; of places of the same pattern that overlap, of the first. */
  scan(content: Uint8Array, report: (tag: number, start: number, end: number) => void): void
  /** Overwrites what is known of the patterns; there are none afterwards. */
  forget(): void
}

interface Pattern {
  readonly tag: number
  readonly length: number
  /** The window that it is filed under ends here, counted from its start. */
  readonly anchorEnd: number
  /** Of its first bytes; cheap, to spare most of the digests. */
  fingerprint: number
  readonly digest: Buffer
  /** In which scan it was found last, and where that place ended. */
  scan: number
  end: number
}

/** A window moves on by a shift of four bits: of 32 bits, a byte is gone after eight steps. */
const WINDOW_BYTES = MIN_PATTERN_BYTES
const DIGEST_BYTES = 16
const FINGERPRINT_BYTES = 64
/** Windows of a pattern that are tried for the one that it is filed under. */
const MAX_TRIED_WINDOWS = 32
/** Knuth's multiplicative hash: brings what is in the low bits to the high ones. */
const GOLDEN = 0x9e3779b1 | 0
/** Bits of the filter for each pattern; one place in so many gets past it by chance. */
const BITS_PER_PATTERN = 128
const [MIN_FILTER_BITS, MAX_FILTER_BITS] = [16, 24]

/** A matcher without patterns. `key`: random bytes, which nobody can tell hashes by without. */
export function valueMatcher(key: Uint8Array): ValueMatcher {
  const gear = gearOf(key)
  const patterns = new Map<number, Pattern[]>()
  let size = 0
  let longest = 0
  let scans = 0
  let filter: { readonly bits: Int32Array; readonly shift: number } | undefined

  return {
    get size() {
      return size
    },
    get longest() {
      return longest
    },
    add(pattern, tag) {
      if (pattern.length < MIN_PATTERN_BYTES) throw new RangeError('the pattern is too short')
      const { hash, end: anchorEnd } = bestWindow(pattern)
      const { length } = pattern
      const fingerprint = fingerprintOf(pattern, 0, length)
      const added: Pattern = { tag, length, anchorEnd, fingerprint, digest: digestOf(pattern), scan: 0, end: 0 }
      const same = patterns.get(hash)
      if (same === undefined) patterns.set(hash, [added])
      else same.push(added)
      size++
      longest = Math.max(longest, length)
      filter = undefined
    },
    scan(content, report) {
      if (size === 0) return
      scans++
      filter ??= filterOf(patterns.keys(), size)
      const { bits, shift } = filter
      let hash = 0
      for (let i = 0; i < content.length; i++) {
        hash = ((hash << 4) + (gear[content[i] as number] as number)) | 0
        const slot = Math.imul(hash, GOLDEN) >>> shift
        if ((((bits[slot >>> 5] as number) >>> (slot & 31)) & 1) === 0) continue
        for (const pattern of patterns.get(hash) ?? []) {
          const start = i + 1 - pattern.anchorEnd
          if (isAt(content, start, pattern)) report(pattern.tag, start, pattern.end)
        }
      }
    },
    forget() {
      for (const same of patterns.values()) {
        for (const pattern of same) {
          pattern.digest.fill(0)
          pattern.fingerprint = 0
        }
      }
      patterns.clear()
      filter?.bits.fill(0)
      gear.fill(0)
      size = 0
      longest = 0
    },
  }

  function isAt(content: Uint8Array, start: number, pattern: Pattern): boolean {
    const end = start + pattern.length
    if (start < 0 || end > content.length) return false
    if (pattern.scan === scans && start < pattern.end) return false
    if (fingerprintOf(content, start, end) !== pattern.fingerprint) return false
    const digest = digestOf(content.subarray(start, end))
    if (!digest.equals(pattern.digest)) return false
    pattern.scan = scans
    pattern.end = end
    return true
  }

  function fingerprintOf(bytes: Uint8Array, start: number, end: number): number {
    let hash = gear[0] as number
    const last = Math.min(end, start + FINGERPRINT_BYTES)
    for (let i = start; i < last; i++) hash = Math.imul(hash ^ (gear[bytes[i] as number] as number), GOLDEN)
    return hash
  }

  function digestOf(bytes: Uint8Array): Buffer {
    return createHmac('sha256', key).update(bytes).digest().subarray(0, DIGEST_BYTES)
  }

  /** The window that is met least elsewhere: of many different characters, and not that of other patterns. */
  function bestWindow(pattern: Uint8Array): { readonly hash: number; readonly end: number } {
    let best = { hash: 0, end: 0, score: Number.NEGATIVE_INFINITY }
    let hash = 0
    const last = Math.min(pattern.length, WINDOW_BYTES - 1 + MAX_TRIED_WINDOWS)
    for (let end = 1; end <= last; end++) {
      hash = ((hash << 4) + (gear[pattern[end - 1] as number] as number)) | 0
      if (end < WINDOW_BYTES) continue
      const others = patterns.get(hash)?.length ?? 0
      const score = variety(pattern, end - WINDOW_BYTES, end) - 2 * others
      if (score > best.score) best = { hash, end, score }
    }
    return best
  }
}

/** How many different bytes there are, and how many kinds of them: letters of words are met everywhere. */
function variety(bytes: Uint8Array, start: number, end: number): number {
  let kinds = 0
  let different = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    kinds |= kindOf(byte)
    // Of a few bytes; a set would take most of the time that a pattern takes.
    let before = start
    while (bytes[before] !== byte) before++
    if (before === i) different++
  }
  return different + (kinds & 1) + ((kinds >> 1) & 1) + ((kinds >> 2) & 1) + (kinds >> 3)
}

function kindOf(byte: number): number {
  if (byte >= 0x61 && byte <= 0x7a) return 1
  if (byte >= 0x41 && byte <= 0x5a) return 2
  return byte >= 0x30 && byte <= 0x39 ? 4 : 8
}

/** A random number for each byte. */
function gearOf(key: Uint8Array): Int32Array {
  const gear = new Int32Array(256)
  for (let at = 0; at < gear.length; at += 8) {
    const bytes = createHmac('sha256', key).update(`gear ${at}`).digest()
    for (let i = 0; i < 8; i++) gear[at + i] = bytes.readInt32LE(i * 4)
  }
  return gear
}

function filterOf(hashes: Iterable<number>, size: number) {
  const width = Math.ceil(Math.log2(size * BITS_PER_PATTERN))
  const shift = 32 - Math.min(MAX_FILTER_BITS, Math.max(MIN_FILTER_BITS, width))
  const bits = new Int32Array(2 ** (32 - shift - 5))
  for (const hash of hashes) {
    const slot = Math.imul(hash, GOLDEN) >>> shift
    bits[slot >>> 5] = (bits[slot >>> 5] as number) | (1 << (slot & 31))
  }
  return { bits, shift }
}
