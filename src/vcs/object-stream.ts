/** One object of a repository. */
export interface GitObject {
  readonly id: string
  readonly type: string
  /** In bytes. */
  readonly size: number
  /** Undefined where the object is larger than was asked for. */
  readonly content: Uint8Array | undefined
}

/** `ID TYPE SIZE`; a name that means nothing is answered by itself and one of a few words. */
const HEADER = /^([0-9a-f]{40,64}) (\w+) (\d+)$/

/** What `git cat-file --batch` answers, one object a call. */
export interface ObjectStream {
  /** The next answer: `object` is undefined for a name that means nothing. Undefined at the end. */
  next(maxBytes: number): Promise<{ readonly object: GitObject | undefined } | undefined>
}

/** Reads what `git cat-file --batch` prints, as it comes. */
export function objectStream(chunks: AsyncIterable<Uint8Array>): ObjectStream {
  const bytes = byteReader(chunks)
  return {
    async next(maxBytes) {
      const line = await bytes.line()
      if (line === undefined) return undefined
      const [, id, type = '', digits] = HEADER.exec(line) ?? []
      if (id === undefined) return { object: undefined }
      const size = Number(digits)
      const content = await bytes.take(size, size <= maxBytes)
      await bytes.take(1, false)
      return { object: { id, type, size, content } }
    },
  }
}

/** Reads what `git cat-file --batch` prints: an object for each name, undefined for one that means nothing. */
export async function* readObjects(
  chunks: AsyncIterable<Uint8Array>,
  { maxBytes = Number.POSITIVE_INFINITY }: { readonly maxBytes?: number | undefined } = {},
): AsyncGenerator<GitObject | undefined> {
  const stream = objectStream(chunks)
  for (let next = await stream.next(maxBytes); next !== undefined; next = await stream.next(maxBytes)) yield next.object
}

function byteReader(chunks: AsyncIterable<Uint8Array>) {
  const source = chunks[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array()

  const more = async (): Promise<boolean> => {
    const { done, value } = await source.next()
    if (!done) rest = value
    return !done
  }
  return {
    /** Up to the next line feed; undefined at the end. */
    async line(): Promise<string | undefined> {
      let line = ''
      for (;;) {
        const end = rest.indexOf(0x0a)
        line += Buffer.from(rest.subarray(0, end === -1 ? undefined : end)).toString('latin1')
        rest = end === -1 ? rest.subarray(rest.length) : rest.subarray(end + 1)
        if (end !== -1) return line
        if (!(await more())) return undefined
      }
    },
    /** The next `length` bytes, a copy; undefined where they are not wanted. */
    async take(length: number, wanted: boolean): Promise<Uint8Array | undefined> {
      const result = wanted ? new Uint8Array(length) : undefined
      for (let at = 0; at < length; ) {
        if (rest.length === 0 && !(await more())) throw new Error('git ended in the middle of an object')
        const part = rest.subarray(0, length - at)
        result?.set(part, at)
        rest = rest.subarray(part.length)
        at += part.length
      }
      return result
    },
  }
}
