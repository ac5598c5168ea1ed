import { isDeepStrictEqual } from 'node:util'
import { type Document, isAlias, isMap, isScalar, isSeq, Lexer, parseAllDocuments, Scalar } from 'yaml'

/**
 * What documents that one and the same program printed say: keys and values in their order, each with whether it stands
 * in quotes, which tells `"1"` from `1`. Comments and white space do not count.
 */
export function spelledValues(text: string): readonly unknown[] {
  const documents = parseAllDocuments(text, { uniqueKeys: false, schema: 'failsafe' })
  return Array.from(documents, (document) => valueOfNode(document.contents, document, spelledScalar))
}

/** What documents say to a reader of YAML 1.2: keys and values in their order. `1.0` and `1` are the same number. */
export function readValues(text: string): readonly unknown[] {
  const documents = parseAllDocuments(text, { uniqueKeys: false, intAsBigInt: true, schema: 'core' })
  return Array.from(documents, (document) => valueOfNode(document.contents, document, plainScalar))
}

/** Whether two texts say the same to a reader of YAML 1.2. */
export function readSame(a: string, b: string): boolean {
  return isDeepStrictEqual(readValues(a), readValues(b))
}

/** Comments in the order of the text, without the white space after them. */
export function commentsOf(text: string): readonly string[] {
  const tokens = [...new Lexer().lex(text)]
  return tokens.filter((token) => token.startsWith('#')).map((comment) => comment.trimEnd())
}

/** Paths of the encrypted values of documents, in their order; of lists only how deep they are. */
export function encryptedPaths(text: string): readonly string[] {
  const found: string[] = []
  for (const [i, document] of parseAllDocuments(text, { uniqueKeys: false, schema: 'failsafe' }).entries()) {
    collect(document.contents, `${i}`)
  }
  return found

  function collect(node: unknown, path: string): void {
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        const name = isScalar(key) ? String(key.source) : '?'
        if (path.includes('.') || name !== 'sops') collect(value, `${path}.${name}`)
      }
    } else if (isSeq(node)) for (const item of node.items) collect(item, `${path}[]`)
    else if (isScalar(node) && /^ENC\[.*,type:(?!comment)\w+\]$/.test(String(node.value))) found.push(path)
  }
}

function spelledScalar({ type, source, value }: Scalar): unknown {
  return type === Scalar.PLAIN ? { plain: source } : { quoted: value }
}

function plainScalar({ value, source, type }: Scalar): unknown {
  // A merge key that says so by its tag; here it is the name that counts.
  if (typeof value === 'symbol') return source
  if (typeof value === 'number') return { number: value }
  // To go-yaml a date is a time, and sops prints it as one.
  if (type === Scalar.PLAIN && /^\d{4}-\d\d-\d\d$/.test(source ?? '')) return `${source}T00:00:00Z`
  if (typeof value !== 'bigint') return value
  return { number: Number.isSafeInteger(Number(value)) ? Number(value) : value }
}

function valueOfNode(node: unknown, document: Document, ofScalar: (scalar: Scalar) => unknown): unknown {
  const of = (inner: unknown) => valueOfNode(inner, document, ofScalar)
  if (node === null || node === undefined) return null
  if (isAlias(node)) return of(node.resolve(document))
  if (isMap(node)) return { map: node.items.map(({ key, value }) => [of(key), of(value)]) }
  if (isSeq(node)) return { list: node.items.map(of) }
  if (!isScalar(node)) throw new TypeError('a node of no known kind')
  return ofScalar(node)
}
