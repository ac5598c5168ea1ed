import { createHmac } from 'node:crypto'
import type { DataKey } from '../../core/data-key.ts'
import { type ValueMatcher, valueMatcher } from '../../core/value-matcher.ts'
import { KmsfileError } from '../../errors.ts'
import { detectFormat } from '../../formats/detect.ts'
import { unwrapDataKey } from '../../keys/keyring.ts'
import { mentionsEncryption } from '../../operations/inspect.ts'
import { type EncryptedFile, openSecrets, parseEncrypted } from '../../operations/read-secrets.ts'
import { mapConcurrently, type Workspace } from '../../operations/workspace.ts'
import type { Finding } from '../check/finding.ts'
import { contentFormat, textOf } from '../check/judge-text.ts'
import { type Form, formsOf } from './leaks-forms.ts'
import { type SecretLeaf, secretLeaves } from './leaks-leaves.ts'
import { partsOf } from './leaks-rule.ts'

/** A content that may be a secrets file. */
export interface SourceContent {
  readonly path: string
  /** Whether the rules want it encrypted; otherwise nobody minds if it is none. */
  readonly managed: boolean
  /** Undefined for one that is too large. */
  readonly content: Uint8Array | undefined
}

/** What is known of one secret value; not the value. */
export interface SecretValue {
  /** The first place where it is encrypted. */
  readonly place: Pick<SecretLeaf, 'keys'> & { readonly path: string }
  /** In how many other places it is encrypted as well. */
  others: number
  /** Whether its lines are looked for one by one. */
  readonly hasLines: boolean
}

/** What a tag of the matcher stands for. */
export interface LookedFor {
  /** Index of the value. */
  readonly secret: number
  readonly form: Form
  /** Not only one of its lines. */
  readonly whole: boolean
}

export interface SecretValues {
  readonly matcher: ValueMatcher
  readonly secrets: readonly SecretValue[]
  readonly tags: readonly LookedFor[]
  /** Files whose values are not looked for, and why. */
  readonly problems: readonly Finding[]
}

/** Files that are held at once, while key services are asked for them side by side. */
const BATCH = 32

/**
 * Opens secrets files with the keys at hand, and collects their encrypted values for a search. Data keys are overwritten when
 * all is read; of the values, hashes are kept. Neither MAC nor seal is looked at: what decrypts is a secret.
 *
 * @throws KmsfileError of the first file, if there are files and none can be opened
 */
export async function collectValues(
  workspace: Workspace,
  contents: AsyncIterable<SourceContent>,
): Promise<SecretValues> {
  const collection = startCollection(workspace.host.randomBytes(32))
  const keys = keyMemory(workspace)
  const problems = new Map<string, KmsfileError>()
  let opened = 0
  let batch: ParsedSource[] = []

  const openBatch = async () => {
    await mapConcurrently(batch, async ({ path, file }) => {
      try {
        const leaves = secretLeaves(await openSecrets(file, await keys.of(file), { ignoreMac: true }))
        for (const leaf of leaves) collection.add(path, leaf)
        opened++
      } catch (error) {
        if (!(error instanceof KmsfileError) || error.code === 'INTERRUPTED') throw error
        problems.set(path, error)
      }
    })
    batch = []
  }
  try {
    for await (const source of contents) {
      const parsed = parsedSource(source)
      if (parsed instanceof KmsfileError) problems.set(source.path, parsed)
      else if (parsed !== undefined) batch.push(parsed)
      if (batch.length === BATCH) await openBatch()
    }
    await openBatch()
  } finally {
    await keys.forget()
  }
  const [first] = problems
  if (opened === 0 && first !== undefined) throw first[1].in(first[0])
  return { ...collection.values, problems: Array.from(problems, ([path, error]) => notLookedFor(path, error)) }
}

function startCollection(key: Uint8Array) {
  const matcher = valueMatcher(key)
  const secrets: SecretValue[] = []
  const tags: LookedFor[] = []
  const known = new Map<string, number>()
  const places = new Set<string>()

  return {
    values: { matcher, secrets, tags },
    add(path: string, { keys, text }: SecretLeaf): void {
      const parts = partsOf(text, keys)
      if (parts.length === 0) return
      const digest = createHmac('sha256', key).update(text).digest('base64')
      const place = JSON.stringify([digest, path, keys])
      if (places.has(place)) return
      places.add(place)
      const found = known.get(digest)
      if (found !== undefined) {
        ;(secrets[found] as SecretValue).others++
        return
      }
      const secret = secrets.length
      known.set(digest, secret)
      secrets.push({ place: { path, keys }, others: 0, hasLines: parts.length > 1 })
      for (const part of parts) {
        for (const { form, bytes } of formsOf(part)) {
          matcher.add(bytes, tags.length)
          bytes.fill(0)
          tags.push({ secret, form, whole: part === text.trim() })
        }
      }
    },
  }
}

interface ParsedSource {
  readonly path: string
  readonly file: EncryptedFile
}

/** Undefined for what is not encrypted; an error for what should have been readable. */
function parsedSource({ path, managed, content }: SourceContent): ParsedSource | KmsfileError | undefined {
  if (content === undefined) return managed ? tooLarge() : undefined
  if (!mentionsEncryption(content)) return undefined
  try {
    const text = textOf(content) ?? ''
    const format = contentFormat(text, path)
    return format === undefined ? undefined : { path, file: parseEncrypted(detectFormat('', format), text) }
  } catch (error) {
    if (!(error instanceof KmsfileError)) throw error
    // A text that merely speaks of encrypted values; plaintext is what other checks are for.
    return managed && error.code !== 'FILE_NOT_ENCRYPTED' ? error : undefined
  }
}

/** Unwraps each data key once, for all versions of a file that have it. */
function keyMemory({ providers, keyring }: Workspace) {
  const keys = new Map<string, Promise<DataKey>>()
  return {
    of({ envelope: { groups, threshold } }: EncryptedFile): Promise<DataKey> {
      const name = JSON.stringify([threshold, groups])
      const known = keys.get(name)
      if (known !== undefined) return known
      const unwrapping = unwrapDataKey(groups, providers, { ...keyring, threshold }).then(({ dataKey }) => dataKey)
      keys.set(name, unwrapping)
      return unwrapping
    },
    async forget(): Promise<void> {
      for (const result of await Promise.allSettled(keys.values())) {
        if (result.status === 'fulfilled') result.value.fill(0)
      }
      keys.clear()
    },
  }
}

function notLookedFor(path: string, { message }: KmsfileError): Finding {
  return { verdict: 'not-verified', severity: 'note', path, message: `its values are not looked for: ${message}` }
}

function tooLarge(): KmsfileError {
  return new KmsfileError('too large to be read', { code: 'FILE_TOO_LARGE' })
}
