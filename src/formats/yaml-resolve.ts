import { formatGoFloat } from '../core/go-number.ts'
import type { ScalarType } from '../core/tree.ts'
import { formatGoTime } from './go-time.ts'
import { plainSpelling } from './yaml-emit-typed.ts'
import { readYamlNumber } from './yaml-number.ts'

/** What a scalar of a YAML text is for go-yaml, and so for sops. */
export interface ResolvedScalar {
  readonly type: ScalarType
  /** What Go prints for the value, as in `Leaf.text`. */
  readonly text: string
  /**
   * Whether the source is spelled as {@link plainSpelling} spells the value. Of a plain scalar of type `str` without a
   * tag: false where it is a number to go-yaml, but one that sops rounds or refuses.
   */
  readonly exact: boolean
}

export interface ScalarSource {
  /** Neither in quotes nor a block scalar. Where nothing stands at all, it is plain and the text empty. */
  readonly plain: boolean
  /** In short form (`!!int`, `!custom`, `!`); undefined where there is none. */
  readonly tag: string | undefined
}

/**
 * Finds type and value of a scalar as go.yaml.in/yaml/v3 v3.0.4 and sops do, with one difference: an integer that Go's
 * int does not hold is a string with the text as written, because sops rounds it or refuses the file.
 *
 * Undefined where the tag does not fit the value, which is an error to go-yaml, and for `!!binary` that is no UTF-8.
 */
export function resolveScalar(text: string, { plain, tag }: ScalarSource): ResolvedScalar | undefined {
  if (tag === undefined || tag === '!') return plain ? resolvePlain(text) : string(text)
  return resolveTagged(text, tag)
}

const WORDS: ReadonlyMap<string, ResolvedScalar> = new Map(
  [
    { type: 'null', text: '', words: ['null', 'Null', 'NULL', '~', ''] },
    { type: 'bool', text: 'True', words: ['true', 'True', 'TRUE'] },
    { type: 'bool', text: 'False', words: ['false', 'False', 'FALSE'] },
    { type: 'float', text: '+Inf', words: ['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'] },
    { type: 'float', text: '-Inf', words: ['-.inf', '-.Inf', '-.INF'] },
    { type: 'float', text: 'NaN', words: ['.nan', '.NaN', '.NAN'] },
  ].flatMap(({ type, text, words }) =>
    words.map((word, i) => [word, { type: type as ScalarType, text, exact: i === 0 }] as const),
  ),
)
const LONGEST_WORD = 5

// The first character settles it for most strings.
const WORD = 1
const NUMBER = 2
const HINTS = new Uint8Array(128)
for (const c of '~ntfNTF') HINTS[c.charCodeAt(0)] = WORD
for (const c of '0123456789+-.') HINTS[c.charCodeAt(0)] = NUMBER

function hintOf(text: string): number | undefined {
  return text === '' ? WORD : HINTS[text.charCodeAt(0)]
}

function resolvePlain(text: string): ResolvedScalar {
  const hint = hintOf(text)
  if (!hint) return string(text)
  if (text.length <= LONGEST_WORD) {
    const word = WORDS.get(text)
    if (word !== undefined) return word
  }
  if (hint === WORD) return string(text)
  return resolveTime(text) ?? resolveNumber(text) ?? string(text)
}

function resolveTagged(text: string, tag: string): ResolvedScalar | undefined {
  switch (tag) {
    case '!!null':
    case '!!bool': {
      const word = WORDS.get(text)
      return word !== undefined && `!!${word.type}` === tag ? word : undefined
    }
    case '!!int':
      return hintOf(text) === NUMBER ? resolveInt(text) : undefined
    case '!!float': {
      const word = WORDS.get(text)
      if (word !== undefined) return word.type === 'float' ? word : undefined
      return hintOf(text) === NUMBER ? resolveFloat(text) : undefined
    }
    case '!!timestamp':
      return resolveTime(text)
    case '!!binary':
      return decodeBinary(text)
    default:
      // `!!str`; and go-yaml keeps the text of whatever has a tag that it does not know.
      return string(text)
  }
}

function resolveTime(text: string): ResolvedScalar | undefined {
  if (text.charCodeAt(4) !== 0x2d) return undefined
  const time = formatGoTime(text)
  return time === undefined ? undefined : { type: 'time', text: time, exact: time === text }
}

function resolveNumber(source: string): ResolvedScalar | undefined {
  const number = readYamlNumber(source)
  if (number === undefined) return undefined
  if (number.kind === 'uint' || number.rounded) return { type: 'str', text: source, exact: false }
  return number.kind === 'int'
    ? { type: 'int', text: number.text, exact: number.text === source }
    : float(number.text, source)
}

function resolveInt(source: string): ResolvedScalar | undefined {
  const resolved = resolveNumber(source)
  // Beyond uint64 it is a float to go-yaml, and no float is an int.
  if (resolved?.type === 'str') return readYamlNumber(source)?.kind === 'uint' ? resolved : undefined
  return resolved?.type === 'int' ? resolved : undefined
}

function resolveFloat(source: string): ResolvedScalar | undefined {
  const number = readYamlNumber(source)
  if (number === undefined || number.kind === 'uint') return undefined
  return float(number.kind === 'int' ? formatGoFloat(Number(number.text)) : number.text, source)
}

function float(text: string, source: string): ResolvedScalar {
  return { type: 'float', text, exact: plainSpelling('float', text) === source }
}

/** Go's standard alphabet, with padding. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

function decodeBinary(text: string): ResolvedScalar | undefined {
  // As Go does: line breaks do not count, spaces do.
  const base64 = text.replace(/[\r\n]/g, '')
  if (base64.length % 4 !== 0 || !BASE64.test(base64)) return undefined
  const bytes = Buffer.from(base64, 'base64')
  const decoded = bytes.toString('utf8')
  // Where a byte is no UTF-8, a replacement character stands for it.
  return Buffer.from(decoded, 'utf8').equals(bytes) ? { type: 'str', text: decoded, exact: false } : undefined
}

function string(text: string): ResolvedScalar {
  return { type: 'str', text, exact: true }
}
