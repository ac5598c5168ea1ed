import { createHash } from 'node:crypto'

/** The id that git gives to a content, as `git hash-object --no-filters` does; `like` is an id of the same repository. */
export function blobId(content: Uint8Array, like: string): string {
  const hash = createHash(like.length === 64 ? 'sha256' : 'sha1')
  return hash.update(`blob ${content.length}\0`).update(content).digest('hex')
}
