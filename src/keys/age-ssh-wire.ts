/** Cuts `count` length-prefixed strings off the front of an SSH message (RFC 4251, 5); undefined where it is too short. */
export function readStrings(
  bytes: Uint8Array,
  count: number,
): { readonly strings: readonly Uint8Array[]; readonly rest: Uint8Array } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const strings: Uint8Array[] = []
  let at = 0
  while (strings.length < count) {
    if (at + 4 > bytes.length) return undefined
    const end = at + 4 + view.getUint32(at)
    if (end > bytes.length) return undefined
    strings.push(bytes.subarray(at + 4, end))
    at = end
  }
  return { strings, rest: bytes.subarray(at) }
}

export function printStrings(...strings: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    strings.flatMap((string) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(string.length)
      return [length, string]
    }),
  )
}

/** A positive integer without leading zeros; undefined for a negative one or one with more zeros than needed. */
export function readInteger(string: Uint8Array): Uint8Array | undefined {
  const [first = 0, second = 0] = string
  if (string.length === 0 || first >= 0x80) return undefined
  if (first !== 0) return string
  return second >= 0x80 ? string.subarray(1) : undefined
}

/** Reverses {@link readInteger}, whatever zeros stand in front. */
export function printInteger(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0)
  const digits = start === -1 ? new Uint8Array(0) : bytes.subarray(start)
  return (digits[0] ?? 0) >= 0x80 ? Buffer.concat([Uint8Array.of(0), digits]) : digits
}
