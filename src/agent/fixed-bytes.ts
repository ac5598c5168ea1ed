/**
 * A new array of zeros that stays where it is. V8 keeps small ones (up to 64 bytes) among its own objects and moves them about, and
 * what it has moved it leaves behind: then there are copies that nobody can wipe any more.
 */
export function fixedBytes(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(length))
}

/** A copy that stays where it is. */
export function fixedCopy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = fixedBytes(bytes.length)
  copy.set(bytes)
  return copy
}
