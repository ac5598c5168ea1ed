import { KmsfileError } from '../errors.ts'

/** A glob without braces, ready to be matched. */
export interface Glob {
  /** As it would stand in .gitignore. */
  readonly pattern: string
  /** Ends with a slash: matches what lies below folders of that name, no file of that name. */
  readonly folderOnly: boolean
  readonly steps: readonly GlobStep[]
}

/** One step of a match over the bytes of a path. */
export type GlobStep =
  /** One byte of the set. */
  | { readonly kind: 'one'; readonly bytes: ByteSet }
  /** Any number of bytes of the set, zero too. */
  | { readonly kind: 'many'; readonly bytes: ByteSet }
  /** Any number of whole folders, zero too. */
  | { readonly kind: 'folders' }

/** 256 flags, by byte. */
export type ByteSet = readonly boolean[]

/** Braces multiply; what people write has a handful. */
const MAX_EXPANSIONS = 200
/** Longer than any path that git has. */
const MAX_CHARS = 4096

/** The slash alone. */
export const SLASH: ByteSet = setOf((byte) => byte === 0x2f)
const NO_SLASH: ByteSet = setOf((byte) => byte !== 0x2f)
/** By byte; sets that are the same object make a smaller automaton. */
const literals: ByteSet[] = []

/**
 * Reads a glob as git reads a line of .gitignore, except that `{a,b}` stands for either, that it is matched to the end of
 * the text, and that whatever could be meant otherwise is refused: `!`, spaces at an end, unclosed brackets and braces.
 *
 * Returns one glob for each combination of what braces offer.
 *
 * @throws KmsfileError `CONFIG_INVALID` without a place.
 */
export function parseGlob(text: string): Glob[] {
  if (text.startsWith('!')) {
    throw unusable('a glob cannot start with !', 'write more exact globs, or \\! for a name that starts with !')
  }
  if (/^\s|(?:^|[^\\])(?:\\\\)*\s$/.test(text)) throw unusable('a glob starts or ends with a space')
  if (/[\0-\x1f\x7f]/.test(text)) throw unusable('a glob contains a control character')
  if (/(?:^|[^\\])(?:\\\\)*\\\//.test(text))
    throw unusable('a glob has a slash with a backslash before it', 'write the slash alone')
  if (text.length > MAX_CHARS) throw unusable(`a glob is longer than ${MAX_CHARS} characters`)
  return expandBraces(text).map(parsePattern)
}

function parsePattern(pattern: string): Glob {
  const folderOnly = pattern.endsWith('/')
  const body = folderOnly ? pattern.slice(0, -1) : pattern
  const path = body.startsWith('/') ? body.slice(1) : body
  if (path === '' || /^\/|\/\/|\/$/.test(path)) {
    throw unusable('a glob has an empty part', 'write ** for any folders')
  }
  if (path.split('/').some((part) => part === '.' || part === '..')) {
    throw unusable('a glob has a part . or ..', 'write it relative to the folder of this configuration')
  }
  const steps = parseSteps(path)
  // Without a slash at the start or in the middle, a glob is for names at any depth.
  return { pattern, folderOnly, steps: body.includes('/') ? steps : [{ kind: 'folders' }, ...steps] }
}

function parseSteps(path: string): GlobStep[] {
  const steps: GlobStep[] = []
  // Matches are over bytes, as git makes them.
  const bytes = Buffer.from(path).toString('latin1')
  for (let at = 0; at < bytes.length; ) {
    const character = bytes[at]!
    if (character === '*') {
      const [stars = ''] = /^\*+/.exec(bytes.slice(at)) ?? []
      const folders = stars.length > 1 && (at === 0 || bytes[at - 1] === '/') && bytes[at + stars.length] === '/'
      // At the end, two stars are one: what lies below whatever matches is meant anyway.
      steps.push(folders ? { kind: 'folders' } : { kind: 'many', bytes: NO_SLASH })
      at += stars.length + Number(folders)
    } else if (character === '[') {
      const end = endOfClass(bytes, at)
      steps.push({ kind: 'one', bytes: parseClass(bytes.slice(at + 1, end - 1)) })
      at = end
    } else if (character === '?') {
      steps.push({ kind: 'one', bytes: NO_SLASH })
      at++
    } else {
      if (character === '\\') at++
      const literal = bytes.charCodeAt(at++)
      if (Number.isNaN(literal)) throw unusable('a glob ends with a backslash')
      steps.push({ kind: 'one', bytes: literalSet(literal) })
    }
  }
  return steps
}

/** The offset after the bracket that closes the class at `start`. */
function endOfClass(text: string, start: number): number {
  let at = start + 1
  if (text[at] === '!' || text[at] === '^') at++
  for (const first = at; at < text.length; at++) {
    if (text[at] === ']' && at > first) return at + 1
    if (text[at] === '\\') at++
    else if (text.startsWith('[:', at)) at = Math.max(at, text.indexOf(':]', at + 2) + 1)
  }
  throw unusable('a glob has a [ that no ] closes', 'write \\[ for a bracket in a name')
}

/** What stands between the brackets. Never a slash, whatever it says: a class is part of a name. */
function parseClass(text: string): ByteSet {
  if (/[^\0-\x7f]/.test(text)) throw unusable('a glob has a class of characters that are not ASCII')
  const negated = /^[!^]/.test(text)
  const ranges: [low: number, high: number][] = []
  const names: RegExp[] = []
  // A named class, or a character and, after a hyphen, the end of its range; each may be escaped.
  for (const { 1: name, 2: low, 3: high } of text
    .slice(Number(negated))
    .matchAll(/\[:(.*?):\]|(\\.|[^\\])(?:-(\\.|[^\\]))?/gs)) {
    if (name !== undefined) {
      const known = Object.hasOwn(NAMED_CLASSES, name) ? NAMED_CLASSES[name] : undefined
      if (known === undefined) throw unusable(`a glob has a class of characters that does not exist: [:${name}:]`)
      names.push(known)
      continue
    }
    const range: [number, number] = [lastCode(low!), lastCode(high ?? low!)]
    if (range[0] > range[1]) throw unusable('a glob has a range that ends before it starts')
    ranges.push(range)
  }
  const has = (byte: number) =>
    ranges.some(([low, high]) => byte >= low && byte <= high) ||
    names.some((name) => name.test(String.fromCharCode(byte)))
  return setOf((byte) => byte !== 0x2f && has(byte) !== negated)
}

/** As git's wildmatch has them: ASCII alone. */
const NAMED_CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  cntrl: /[\0-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
}

/** Every text that a text with braces stands for, as a shell would write them out. */
function expandBraces(text: string): string[] {
  const open = findBrace(text, 0, '{')
  if (open === -1) {
    if (findBrace(text, 0, '}') !== -1) throw unusable('a glob has a } that no { opens', ESCAPE_BRACES)
    return [text]
  }
  const parts: string[] = []
  let depth = 1
  let partStart = open + 1
  let at = partStart
  for (; depth > 0; at++) {
    at = findBrace(text, at, '{},')
    if (at === -1) throw unusable('a glob has a { that no } closes', ESCAPE_BRACES)
    if (text[at] === '{') depth++
    if (text[at] === '}') depth--
    if (depth === 0 || (depth === 1 && text[at] === ',')) {
      parts.push(text.slice(partStart, at))
      partStart = at + 1
    }
  }
  if (parts.length < 2) throw unusable('a glob has braces without a comma', ESCAPE_BRACES)

  const expanded: string[] = []
  for (const rest of expandBraces(text.slice(at))) {
    for (const part of parts) {
      for (const choice of expandBraces(part)) expanded.push(text.slice(0, open) + choice + rest)
      if (expanded.length > MAX_EXPANSIONS) throw unusable(`a glob stands for more than ${MAX_EXPANSIONS} others`)
    }
  }
  return expanded
}

const ESCAPE_BRACES = 'write \\{ and \\} for braces in a name'

/** The first of `characters` from `at` on that is neither escaped nor in a class. */
function findBrace(text: string, at: number, characters: string): number {
  for (let i = at; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '[') i = endOfClass(text, i) - 1
    else if (characters.includes(text[i]!)) return i
  }
  return -1
}

function setOf(has: (byte: number) => boolean): ByteSet {
  return Array.from({ length: 256 }, (_, byte) => has(byte))
}

function literalSet(literal: number): ByteSet {
  literals[literal] ??= setOf((byte) => byte === literal)
  return literals[literal]
}

function lastCode(text: string): number {
  return text.charCodeAt(text.length - 1)
}

function unusable(message: string, hint?: string): KmsfileError {
  return new KmsfileError(message, { code: 'CONFIG_INVALID', hint })
}
