import type { ObjectReader } from '../../vcs/repository.ts'
import { MAX_JUDGED_BYTES } from './judge-content.ts'

/** The contents of objects, in the order asked for; undefined for what is no file, not here, or too large to be looked at. */
export async function contentsOf(
  reader: ObjectReader,
  names: readonly string[],
): Promise<readonly (Uint8Array | undefined)[]> {
  const contents: (Uint8Array | undefined)[] = []
  for await (const object of reader.read(names, { maxBytes: MAX_JUDGED_BYTES })) {
    contents.push(object?.type === 'blob' ? object.content : undefined)
  }
  return contents
}
