/**
 * Puts commas between the members of a JSON text that was put together from lines of several: one behind each value that
 * another follows, none behind the last. A text that is no JSON otherwise stays as it is, or none.
 */
export function repairCommas(text: string): string {
  const parts: string[] = []
  // The part behind which a comma is missing if a value follows; the part that is a comma, if nothing does.
  let value: number | undefined
  let comma: number | undefined
  for (const [token] of text.matchAll(TOKEN)) {
    if (/^\s/.test(token)) parts.push(token)
    else if (token === ',') {
      // The second of two.
      if (comma !== undefined || value === undefined) continue
      comma = parts.push(token) - 1
      value = undefined
    } else if (token === ':') {
      value = undefined
      parts.push(token)
    } else {
      const closes = token === '}' || token === ']'
      if (closes && comma !== undefined) parts[comma] = ''
      if (!closes && value !== undefined) parts[value] += ','
      const at = parts.push(token) - 1
      value = token === '{' || token === '[' ? undefined : at
      comma = undefined
    }
  }
  return parts.join('')
}

// A string, white space, punctuation, anything else up to one of these.
const TOKEN = /"(?:[^"\\]|\\[\s\S])*"?|\s+|[,:{}[\]]|[^\s,:{}[\]"]+/g
