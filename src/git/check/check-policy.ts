import { posix } from 'node:path'
import { KmsfileError } from '../../errors.ts'
import { decodeText } from '../../host/utf8.ts'
import type { ObjectReader } from '../../vcs/repository.ts'
import { LINK, type ListedEntry } from './check-listing.ts'
import { isPolicyPath, type Policy, type PolicyText, policyOf } from './policy.ts'

/** Larger than any configuration. */
const MAX_CONFIG_BYTES = 1024 * 1024

type ConfigEntry = Pick<ListedEntry, 'mode' | 'id' | 'path'>

/** Reads the policies of trees; each once, however many commits have it. */
export interface PolicyLoader {
  /**
   * The policy of a tree, from all of its entries or those of its configurations. `tree` is what names of git start with in it:
   * `:` for the index, `COMMIT:`.
   */
  load(entries: Iterable<ConfigEntry>, tree: string): Promise<Policy>
}

export function policyLoader(reader: ObjectReader): PolicyLoader {
  const policies = new Map<string, Promise<Policy>>()
  const texts = new Map<string, string | KmsfileError>()

  return {
    load(entries, tree) {
      const configs = [...entries].filter(({ path, mode }) => isPolicyPath(path) && mode !== '160000')
      const hasLink = configs.some(({ mode }) => mode === LINK)
      // What a link leads to depends on the tree.
      const name = JSON.stringify([...configs.map(({ path, id }) => [path, id]), hasLink ? tree : ''])
      const known = policies.get(name)
      if (known !== undefined) return known
      const loading = readAll(configs, tree).then(policyOf)
      policies.set(name, loading)
      return loading
    },
  }

  async function readAll(configs: readonly ConfigEntry[], tree: string): Promise<readonly PolicyText[]> {
    const found: PolicyText[] = []
    for (const { id, mode, path } of configs) {
      const own = texts.get(id) ?? (await readText(id))
      texts.set(id, own)
      const text = mode === LINK && typeof own === 'string' ? await readText(`${tree}${targetOf(path, own)}`) : own
      found.push({ path, text })
    }
    return found
  }

  async function readText(name: string): Promise<string | KmsfileError> {
    if (/[\n\0]/.test(name)) return unreadable('is a link that leads to nothing that can be read')
    for await (const object of reader.read([name], { maxBytes: MAX_CONFIG_BYTES })) {
      if (object?.type !== 'blob') return unreadable('cannot be read: git does not have it here')
      if (object.content === undefined) return unreadable('is larger than 1 MiB')
      try {
        return decodeText(object.content)
      } catch (error) {
        if (!(error instanceof KmsfileError)) throw error
        return unreadable(error.message)
      }
    }
    return unreadable('cannot be read')
  }
}

/** Where a link leads, from the top. What leads out of the tree names nothing in it. */
function targetOf(path: string, target: string): string {
  const found = posix.join(posix.dirname(path), target)
  // Git takes `..` for a folder of the work tree, and ends where there is none.
  return posix.isAbsolute(target) || /^\.\.(?:\/|$)/.test(found) ? '/' : found
}

function unreadable(message: string): KmsfileError {
  return new KmsfileError(message, { code: 'CONFIG_INVALID' })
}
