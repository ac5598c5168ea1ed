const COLON = 0x3a
const QUESTION = 0x3f
const WHITE = ' \t\r\n'
const FLOW_INDICATORS = ',[]{}'

/** A place of a text that two readers take differently, both without an error. */
export interface Doubt {
  readonly message: string
  readonly offset: number
}

/**
 * Finds where libyaml, and so sops, starts or ends a node within brackets in another place than YAML 1.2 says.
 * Only where it reports no error; in brackets it refuses much besides. Found by comparing trees, see the tests.
 */
export function doubtInFlow(
  text: string,
  { start, end, plain, tagEnd }: { start: number; end: number; plain: boolean; tagEnd: number },
): Doubt | undefined {
  if (tagEnd >= 0 && isFlowIndicator(text, tagEnd)) {
    return { message: 'a tag within brackets that no space follows', offset: tagEnd }
  }
  if (!plain) return undefined
  const first = text.charCodeAt(start)
  if (first === QUESTION || first === COLON) {
    return { message: 'a text within brackets that starts with a question mark or a colon', offset: start }
  }
  let next = end
  while (WHITE.includes(text.charAt(next)) && next < text.length) next++
  if (text.charCodeAt(next) === COLON && isFlowIndicator(text, next + 1)) {
    return { message: 'a colon within brackets that no space follows', offset: next }
  }
  return undefined
}

function isFlowIndicator(text: string, offset: number): boolean {
  return offset < text.length && FLOW_INDICATORS.includes(text.charAt(offset))
}
