import type { Form } from './leaks-forms.ts'
import { utf8Of, type WrappedRun, wrappedRuns } from './leaks-text.ts'
import type { LookedFor, SecretValue, SecretValues } from './leaks-values.ts'

/** A secret value in a content. */
export interface Hit {
  /** Index of the value. */
  readonly secret: number
  readonly form: Form
  /** Not only one of its lines. */
  readonly whole: boolean
  /** 1-based; the first few on which it stands. Empty for a binary content. */
  readonly lines: readonly number[]
}

/** Lines that are named of one value in one content. */
const MAX_LINES = 5
/** As git does, a content is taken for binary by what it starts with. */
const SNIFFED_BYTES = 8000

type Known = Pick<SecretValues, 'matcher' | 'tags' | 'secrets'>

/** Looks through a content for all values at once. Each value is said once. */
export function scanContent(values: Known, content: Uint8Array): readonly Hit[] {
  const bytes = utf8Of(content)
  const scan = startScan(values)
  scan.look(bytes)
  for (const run of wrappedRuns(bytes)) scan.lookAside(run)
  return scan.hits()
}

/** As {@link scanContent}, of a content that comes in pieces and is never held as a whole; of UTF-16 and lines of base64 nothing. */
export async function scanStream(values: Known, chunks: AsyncIterable<Uint8Array>): Promise<readonly Hit[]> {
  const scan = startScan(values)
  for await (const chunk of chunks) scan.feed(chunk)
  return scan.hits()
}

interface OpenHit extends Omit<LookedFor, 'whole'> {
  whole: boolean
  readonly lines: Set<number>
}

function startScan({ matcher, tags, secrets }: Known) {
  const found = new Map<number, OpenHit>()
  let rest: Uint8Array = new Uint8Array()
  let isBinary: boolean | undefined
  // Of the bytes that are looked through: where line breaks are counted up to, and how many came before.
  let counted = 0
  let line = 1

  const lineAt = (bytes: Uint8Array, offset: number): number => {
    line += offset >= counted ? breaksIn(bytes, counted, offset) : -breaksIn(bytes, offset, counted)
    counted = offset
    return line
  }

  /** `known` bytes at the start were looked through before, with what came before them. */
  const look = (bytes: Uint8Array, known = 0): void => {
    isBinary ??= bytes.subarray(0, SNIFFED_BYTES).includes(0)
    matcher.scan(bytes, (tag, start, end) => {
      if (end <= known) return
      const { secret, form, whole } = tags[tag] as LookedFor
      const hit: OpenHit = found.get(secret) ?? { secret, form, whole, lines: new Set() }
      found.set(secret, hit)
      hit.whole ||= whole
      const isOneOfMany = (secrets[secret] as SecretValue).hasLines && hit.lines.size > 0
      if (isBinary !== true && !isOneOfMany && hit.lines.size < MAX_LINES) hit.lines.add(lineAt(bytes, start))
    })
  }

  return {
    look,
    /** Looks through what was put together from several lines. */
    lookAside({ bytes, line: first }: WrappedRun): void {
      matcher.scan(bytes, (tag) => {
        const { secret, form, whole } = tags[tag] as LookedFor
        if (form === 'base64' && !found.has(secret)) found.set(secret, { secret, form, whole, lines: new Set([first]) })
      })
    },
    /** Looks through what comes next, and keeps as much of it as a value may have that is cut in two. */
    feed(chunk: Uint8Array): void {
      const known = rest.length
      const bytes = known === 0 ? chunk : Buffer.concat([rest, chunk])
      look(bytes, known)
      const next = bytes.length - Math.min(bytes.length, Math.max(0, matcher.longest - 1))
      lineAt(bytes, next)
      counted = 0
      rest = bytes.slice(next)
    },
    hits: (): readonly Hit[] =>
      Array.from(found.values(), (hit) => ({ ...hit, lines: [...hit.lines].sort((a, b) => a - b) })),
  }
}

function breaksIn(bytes: Uint8Array, start: number, end: number): number {
  const part = bytes.subarray(start, end)
  let breaks = 0
  for (let at = part.indexOf(0x0a); at !== -1; at = part.indexOf(0x0a, at + 1)) breaks++
  return breaks
}
