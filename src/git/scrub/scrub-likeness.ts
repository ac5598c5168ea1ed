import { mentionsEncryption } from '../../operations/inspect.ts'

/** What a managed file shows of itself without a key, to find versions of it that are not encrypted. */
export interface Likeness {
  readonly path: string
  /** The names of its keys. */
  readonly names: ReadonlySet<string>
  /** Of those whose values are encrypted; where none is, of all. */
  readonly secrets: ReadonlySet<string>
}

/** A key, with what follows on its line: of YAML, JSON or a dotenv file, also where it stands between the marks of a merge. */
const LINE =
  /^[ \t{,-]*(?:export[ \t]+)?(?:"((?:[^"\\\n]|\\.)+)"|'([^'\n]+)'|([\p{L}\p{N}_.$/][\p{L}\p{N}_.$/-]*))[ \t]*[:=][ \t]*(.*)$/gmu
/** The metadata of an encrypted file, which is the same in all of them. */
const METADATA = /^(?:sops:\s*$|\s*"sops"\s*:)/m
const MAX_TEXT_CHARS = 4 * 1024 * 1024

/** What a text says of the file at a path; undefined where it has no keys. */
export function likenessOf(path: string, text: string): Likeness | undefined {
  const found = keysOf(text)
  const names = new Set(found.map(({ name }) => name))
  if (names.size === 0) return undefined
  const encrypted = found.filter(({ kind }) => kind === 'encrypted').map(({ name }) => name)
  return { path, names, secrets: encrypted.length > 0 ? new Set(encrypted) : names }
}

/**
 * The managed file that a content is a version of, with values that are readable: most of its keys are those of the file, and at
 * least one value that should be encrypted is not. Undefined where it is like none.
 */
export function plaintextOf(content: Uint8Array, files: readonly Likeness[]): string | undefined {
  // Whole files without a single envelope are the rule; what is encrypted has none of this.
  const text = Buffer.from(content.buffer, content.byteOffset, content.length).toString('utf8')
  if (text.includes('\0')) return undefined
  const found = keysOf(text)
  const names = new Set(found.map(({ name }) => name))
  const readable = new Set(found.filter(({ kind }) => kind === 'readable').map(({ name }) => name))
  let best: { path: string; shared: number } | undefined
  for (const { path, names: own, secrets } of files) {
    const shared = countShared(names, own)
    if (shared * 2 < names.size || countShared(readable, secrets) === 0) continue
    if (best === undefined || shared > best.shared) best = { path, shared }
  }
  return best?.path
}

/** Whether any of it can be read at all: encrypted files are like themselves. */
export function isReadable(content: Uint8Array): boolean {
  return content.length > 0 && !mentionsEncryption(content)
}

interface KeyLine {
  readonly name: string
  /** `empty`: what it stands for comes on other lines, or is nothing. */
  readonly kind: 'encrypted' | 'readable' | 'empty'
}

function keysOf(whole: string): readonly KeyLine[] {
  const text = whole.slice(0, MAX_TEXT_CHARS)
  const metadata = METADATA.exec(text)
  const lines = text.slice(0, metadata?.index).matchAll(LINE)
  return Array.from(lines, ([, double, single, plain, rest = '']) => ({
    name: double ?? single ?? plain ?? '',
    kind: kindOf(rest.trim()),
  }))
}

function kindOf(value: string): KeyLine['kind'] {
  if (/^["']?ENC\[AES256_GCM,/.test(value)) return 'encrypted'
  // Containers and nothing; a block scalar (`|`) has its text below, and is one.
  return /^(?:[[{],?|\[\],?|\{\},?|null,?|~|#.*|""|'')?$/.test(value) ? 'empty' : 'readable'
}

function countShared(some: ReadonlySet<string>, others: ReadonlySet<string>): number {
  let count = 0
  for (const each of some) if (others.has(each)) count++
  return count
}
