const CHUNK = 256 * 1024

/** Cuts a text where no character is cut in two, so that a large one is not turned into bytes all at once. */
export function* textChunks(text: string, size = CHUNK): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const end = start + size
    // The first half of a pair: the second must not come alone.
    const next = end < text.length && (text.charCodeAt(end - 1) & 0xfc00) === 0xd800 ? end + 1 : end
    yield text.slice(start, next)
    start = next
  }
}

/** What is to be written, a text in chunks. */
export function inChunks(content: Uint8Array | string): Iterable<Uint8Array | string> {
  return typeof content === 'string' ? textChunks(content) : [content]
}
