import { KmsfileError } from '../errors.ts'

const BEGIN = '# kmsfile-begin'
const END = '# kmsfile-end'

/**
 * A `.gitattributes` with our lines in it, between marks; whatever else is in it stays, byte for byte. A block that is
 * there is replaced where it stands, a new one comes last, since later lines win.
 *
 * @throws KmsfileError `CONFIG_INVALID` where one of the marks is missing, or stands twice
 */
export function withAttributesBlock(
  text: string,
  lines: readonly string[],
  { file }: { readonly file: string },
): string {
  const eol = /\r\n/.test(text) ? '\r\n' : '\n'
  const block = [BEGIN, ...lines, END].join(eol)
  const old = text.split(/\r?\n/)
  const [begins, ends] = [indicesOf(old, BEGIN), indicesOf(old, END)]
  if (begins.length === 0 && ends.length === 0) {
    const gap = text === '' || /\n$/.test(text) ? '' : eol
    return `${text}${gap}${block}${eol}`
  }
  const [begin = -1, end = -1] = [begins[0], ends[0]]
  if (begins.length !== 1 || ends.length !== 1 || end < begin) {
    throw new KmsfileError(`the lines "${BEGIN}" and "${END}" do not stand there once each`, {
      code: 'CONFIG_INVALID',
      file,
      line: Math.max(begin, end) + 1,
      hint: `remove what is left of the block from ${file}, then run kmsfile init again`,
    })
  }
  const start = offsetOf(text, begin)
  const stop = offsetOf(text, end) + END.length
  return text.slice(0, start) + block + text.slice(stop)
}

function indicesOf(lines: readonly string[], mark: string): readonly number[] {
  return [...lines.keys()].filter((index) => lines[index] === mark)
}

/** Where a line starts. */
function offsetOf(text: string, line: number): number {
  let offset = 0
  for (let i = 0; i < line; i++) offset = text.indexOf('\n', offset) + 1
  return offset
}
