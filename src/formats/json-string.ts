const LONE_SURROGATE = /\p{Cs}/gu
// What Go's encoding/json escapes and JSON.stringify does not.
const ESCAPED_BY_GO = /[<>&\u2028\u2029]/g
// Line breaks to some readers of YAML and JavaScript, and a byte order mark: no file with these in the open is sealed.
const AMBIGUOUS = /[\u0085\u2028\u2029\ufeff]/g

/** The spelling of a string that needs no note: what `JSON.stringify` makes of it. */
export function quote(text: string): string {
  return JSON.stringify(text)
}

/** The spelling of a string that no reader can take for more than a string. */
export function quoteStrictly(text: string): string {
  return JSON.stringify(text).replace(AMBIGUOUS, escapeUnit)
}

/** The spelling of a string that sops has: as Go's `json.Marshal` prints it. */
export function quoteAsGo(text: string): string {
  return JSON.stringify(text.replace(LONE_SURROGATE, '\ufffd')).replace(ESCAPED_BY_GO, escapeUnit)
}

/** The string that a token of a JSON text stands for. Half surrogate pairs become U+FFFD, as in Go. */
export function decodeString(token: string): string {
  const value = token.includes('\\') ? (JSON.parse(token) as string) : token.slice(1, -1)
  return value.replace(LONE_SURROGATE, '\ufffd')
}

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
