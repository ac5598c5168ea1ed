/** Where the line of an offset starts. */
export function lineStart(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1
}

/** Where the line of an offset ends, in front of its line break. */
export function lineEnd(text: string, offset: number): number {
  const end = text.indexOf('\n', offset)
  if (end === -1) return text.length
  return end > offset && text.charCodeAt(end - 1) === 0x0d ? end - 1 : end
}

/** Where the line in front of one that starts at `start` ends, without its line break. */
export function previousLineEnd(text: string, start: number): number {
  return text.charAt(start - 2) === '\r' ? start - 2 : start - 1
}

/** Where the line after that of an offset starts; the end of the text where there is none. */
export function nextLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset)
  return end === -1 ? text.length : end + 1
}

/** The line break at the end of an offset's line, or else the one in front of it; undefined in a text of one line. */
export function lineBreakNear(text: string, offset: number): string | undefined {
  const end = lineEnd(text, offset)
  if (end < text.length) return text.charAt(end) === '\r' ? '\r\n' : '\n'
  const start = lineStart(text, offset)
  if (start === 0) return undefined
  return text.charAt(start - 2) === '\r' ? '\r\n' : '\n'
}

export function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset)
}

/** Nothing but white space stands in front of the offset on its line. */
export function startsLine(text: string, offset: number): boolean {
  return afterSpaces(text, lineStart(text, offset)) >= offset
}

/** Nothing but white space, and maybe a comment, follows the offset on its line. */
export function endsLine(text: string, offset: number): boolean {
  const end = lineEnd(text, offset)
  const at = afterSpaces(text, offset)
  return at >= end || (at > offset && text.charAt(at) === '#')
}

/** Behind the spaces and tabs at an offset. */
export function afterSpaces(text: string, offset: number): number {
  let at = offset
  while (text.charAt(at) === ' ' || text.charAt(at) === '\t') at++
  return at
}

/** Behind the white space and line breaks at an offset: at a comment or a token. */
export function afterWhiteSpace(text: string, offset: number): number {
  let at = offset
  while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at++
  return at
}

/** In front of the spaces and tabs that lead to an offset. */
export function beforeSpaces(text: string, offset: number): number {
  let at = offset
  while (at > 0 && (text.charAt(at - 1) === ' ' || text.charAt(at - 1) === '\t')) at--
  return at
}

/** Behind white space, line breaks and comments: where the next token starts. The offset must be behind a token. */
export function nextToken(text: string, offset: number): number {
  for (let at = offset; ; at++) {
    const character = text.charAt(at)
    if (character === '#' && (at === 0 || ' \t\r\n'.includes(text.charAt(at - 1)))) at = lineEnd(text, at) - 1
    else if (character === '' || !' \t\r\n'.includes(character)) return at
  }
}
