import { lstat } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { KmsfileError } from '../../errors.ts'
import { readText } from '../../host/files.ts'
import { decodeText } from '../../host/utf8.ts'
import type { ObjectReader, Repository } from '../../vcs/repository.ts'
import { type Policy, type PolicyText, policyOf, unitedPolicy } from '../check/policy.ts'

/** What rules say of a path: those in the work tree, and those of the last commit besides. */
export interface GuardPolicy {
  readonly united: Policy
  /** Of the work tree alone. */
  readonly own: Policy
  /** Of the last commit alone. */
  readonly before: Policy
}

export interface GuardPolicies {
  /** The same object for paths that have the same rules. */
  of(path: string): Promise<GuardPolicy>
  close(): void
}

const NAMES = ['.kmsfile.yaml', '.sops.yaml']
/** Larger than any configuration. */
const MAX_CONFIG_BYTES = 1024 * 1024

/**
 * Reads the configurations above paths, each once. The work tree decides, since the filter is there before anything is staged; the
 * last commit is heard as well, so that a rule does not end with an edit that nobody has committed.
 */
export function guardPolicies(repository: Repository): GuardPolicies {
  const folders = new Map<string, Promise<{ own: readonly PolicyText[]; committed: readonly PolicyText[] }>>()
  const [ownPolicy, committedPolicy] = [remembered(), remembered()]
  const pairs = new Map<string, GuardPolicy>()
  let reader: Promise<ObjectReader> | undefined
  /** The reader answers one question at a time. */
  let turn: Promise<unknown> = Promise.resolve()

  const textsOf = (folder: string) => {
    const known = folders.get(folder)
    if (known !== undefined) return known
    const paths = NAMES.map((name) => posix.join(folder, name))
    const texts = Promise.all([workTreeTexts(repository.topLevel, paths), committedTexts(paths)]).then(
      ([own, committed]) => ({ own, committed }),
    )
    folders.set(folder, texts)
    return texts
  }

  async function committedTexts(paths: readonly string[]): Promise<readonly PolicyText[]> {
    // The protocol has one name a line. A folder with such a name has the rules of the work tree, and those above it.
    const askable = paths.filter((path) => !path.includes('\n'))
    reader ??= repository.objectReader()
    const objects = await reader
    const read = turn.then(() => readCommitted(objects, askable))
    turn = read.catch(() => undefined)
    return read
  }

  return {
    async of(path) {
      const all = await Promise.all(foldersAbove(path).map(textsOf))
      const own = await ownPolicy(all.flatMap((texts) => texts.own))
      const before = await committedPolicy(all.flatMap((texts) => texts.committed))
      const name = `${own.id} ${before.id}`
      const known = pairs.get(name) ?? { own, before, united: unitedPolicy([own, before]) }
      pairs.set(name, known)
      return known
    },
    close: () => void reader?.then((objects) => objects.close()).catch(() => {}),
  }
}

/** Makes policies, each once: within one tree, the same paths have the same texts. */
function remembered(): (texts: readonly PolicyText[]) => Promise<Policy> {
  const policies = new Map<string, Promise<Policy>>()
  return (texts) => {
    const name = JSON.stringify(texts.map(({ path }) => path))
    const known = policies.get(name) ?? policyOf(texts)
    policies.set(name, known)
    return known
  }
}

async function workTreeTexts(top: string, paths: readonly string[]): Promise<readonly PolicyText[]> {
  const texts = await Promise.all(
    paths.map(async (path): Promise<PolicyText | undefined> => {
      const file = join(top, path)
      if ((await lstat(file).catch(() => undefined)) === undefined) return undefined
      const text = await readText(file, { maxBytes: MAX_CONFIG_BYTES }).then(
        (read) => read.text,
        (error) => asKmsfileError(error),
      )
      return { path, text }
    }),
  )
  return texts.filter((text) => text !== undefined)
}

async function readCommitted(reader: ObjectReader, paths: readonly string[]): Promise<readonly PolicyText[]> {
  const found: PolicyText[] = []
  let next = 0
  for await (const object of reader.read(
    paths.map((path) => `HEAD:${path}`),
    { maxBytes: MAX_CONFIG_BYTES },
  )) {
    const path = paths[next++] as string
    if (object?.type !== 'blob') continue
    found.push({ path, text: object.content === undefined ? tooLarge() : decoded(object.content) })
  }
  return found
}

function decoded(content: Uint8Array): string | KmsfileError {
  try {
    return decodeText(content)
  } catch (error) {
    return asKmsfileError(error)
  }
}

function asKmsfileError(error: unknown): KmsfileError {
  if (error instanceof KmsfileError) return error
  throw error
}

function tooLarge(): KmsfileError {
  return new KmsfileError('is larger than 1 MiB', { code: 'CONFIG_INVALID' })
}

/** The folders that a path lies in, the nearest first; the top is the empty path. */
function foldersAbove(path: string): readonly string[] {
  const folders: string[] = []
  for (let at = path; at !== ''; ) {
    at = at.includes('/') ? posix.dirname(at) : ''
    folders.push(at)
  }
  return folders
}
