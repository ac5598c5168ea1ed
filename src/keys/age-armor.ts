import { AgeFileError } from './age-error.ts'

const BEGIN = '-----BEGIN AGE ENCRYPTED FILE-----'
const END = '-----END AGE ENCRYPTED FILE-----'
const COLUMNS = 64

/** Whether a text claims to be an armored age file. */
export function isArmored(text: string): boolean {
  return text.trimStart().startsWith(BEGIN)
}

/** Prints an age file as text: lines of 64 columns, a line break after the last. */
export function armor(file: Uint8Array): string {
  const base64 = Buffer.from(file).toString('base64')
  const lines = [BEGIN]
  for (let at = 0; at < base64.length; at += COLUMNS) lines.push(base64.slice(at, at + COLUMNS))
  return `${lines.join('\n')}\n${END}\n`
}

/**
 * Reverses {@link armor}. Strict, so that one file has one text: only white space around the block and CRLF line
 * breaks are tolerated.
 *
 * @throws AgeFileError of the armor
 */
export function dearmor(text: string): Uint8Array {
  const lines = text.split(/\r?\n/)
  while (lines[0]?.trim() === '') lines.shift()
  while (lines.at(-1)?.trim() === '') lines.pop()
  if (lines.shift() !== BEGIN) throw new AgeFileError('armor', 'its armor does not begin as it has to')
  if (lines.pop() !== END) throw new AgeFileError('armor', 'its armor does not end as it has to')
  const last = lines.length - 1
  if (lines.some((line, i) => (i < last ? line.length !== COLUMNS : line.length === 0 || line.length > COLUMNS))) {
    throw new AgeFileError('armor', 'a line of its armor is too short or too long')
  }
  const base64 = lines.join('')
  const file = Buffer.from(base64, 'base64')
  // Decoding skips what it does not know, so equality is what proves the text canonical, padding included.
  if (file.toString('base64') !== base64) throw new AgeFileError('armor', 'its armor is not canonical base64')
  return file
}
