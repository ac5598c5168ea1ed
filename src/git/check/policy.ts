import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { exemptionOfLayers, type Layer, managedByLayers, ruleOfLayers } from '../../config/layers.ts'
import { parseConfig } from '../../config/parse.ts'
import type { Configuration, Exemption, Rule } from '../../config/rules.ts'
import { KmsfileError } from '../../errors.ts'

/** A configuration of a tree (of the index, of a commit): its path from the top, with `/`, and its text. */
export interface PolicyText {
  readonly path: string
  /** An error where it cannot be read. */
  readonly text: string | KmsfileError
}

/** What the configurations of one tree say of its paths. Paths are relative to the top of the repository, with `/`. */
export interface Policy {
  /** Tells policies apart: the same texts at the same paths have the same. 64 hexadecimal digits. */
  readonly id: string
  /** Whether the path must not hold plaintext; exemptions are heeded. */
  manages(path: string): boolean
  /** The exemption of a path that would be managed otherwise. */
  exemption(path: string): Exemption | undefined
  /** Whether an exemption is for the path, be it managed otherwise or not; none of the rules for it lacks one. */
  exempts(path: string): boolean
  /** The rule of a path. Undefined where there is none, or where it cannot be read. */
  rule(path: string): Rule | undefined
  /** The rules of a path in all the trees that have one for it; {@link rule} is the first. */
  rules(path: string): readonly Rule[]
  /** The configurations that can be read; their `file` is the path. Those that came first are first. */
  readonly configurations: readonly Configuration[]
  /**
   * Configurations that cannot be read, which therefore say nothing. Without those that nobody asks: of sops, beside one of
   * kmsfile, and what a configuration above exempts.
   */
  readonly problems: readonly KmsfileError[]
}

/** Whether a path of a tree is that of a configuration. */
export function isPolicyPath(path: string): boolean {
  return (
    (path.endsWith('.kmsfile.yaml') || path.endsWith('.sops.yaml')) && /(?:^|\/)\.(?:kmsfile|sops)\.yaml$/.test(path)
  )
}

/** The configurations of a folder. */
interface Folder {
  readonly kmsfile?: Configuration
  readonly sops?: Configuration
}

/** The policy of a tree, from the configurations in it. Those that cannot be read are in `problems`. */
export async function policyOf(texts: readonly PolicyText[]): Promise<Policy> {
  const folders = new Map<string, Folder>()
  const problems: KmsfileError[] = []
  const hash = createHash('sha256')
  for (const { path, text } of texts.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update(JSON.stringify([path, text instanceof KmsfileError ? null : text]))
    const folder = folderOf(path)
    try {
      if (text instanceof KmsfileError) throw text
      const configuration = await parseConfig(text, { file: path })
      folders.set(folder, { ...folders.get(folder), [configuration.source]: configuration })
    } catch (error) {
      if (!(error instanceof KmsfileError)) throw error
      problems.push(error.in(path))
    }
  }
  const layersOf = layerFinder(folders)
  /** Of each spelling of a path that the rules manage. */
  const managing = (path: string) => spellingsOf(path).map(layersOf).filter(managedByLayers)
  const policy: Policy = {
    id: hash.digest('hex'),
    configurations: [...folders.values()].flatMap(({ kmsfile, sops }) => [kmsfile, sops].filter(isThere)),
    problems: problems.filter(({ file = '' }) => isAsked(file, layersOf)),
    manages: (path) => managing(path).some((layers) => exemptionOfLayers(layers) === undefined),
    exemption(path) {
      const exemptions = managing(path).map(exemptionOfLayers)
      return exemptions.includes(undefined) ? undefined : exemptions[0]
    },
    exempts(path) {
      const layers = managing(path)
      return layers.length > 0
        ? layers.every((each) => exemptionOfLayers(each) !== undefined)
        : hasExemption(layersOf(path))
    },
    rule(path) {
      try {
        return ruleOfLayers(managing(path)[0] ?? layersOf(path))
      } catch (error) {
        // A rule of sops whose keys are malformed; it manages the path all the same.
        if (error instanceof KmsfileError) return undefined
        throw error
      }
    },
    rules(path) {
      const rule = policy.rule(path)
      return rule === undefined ? [] : [rule]
    },
  }
  return policy
}

/**
 * What several trees say together: one that manages a path is enough, and an exemption counts if none of them manages the
 * path without it. So no change takes away the rule that would refuse it. Problems are those of the first, which is the tree
 * that is judged: it may well put right what was wrong before.
 */
export function unitedPolicy(policies: readonly Policy[]): Policy {
  const distinct = policies.filter(({ id }, i) => policies.findIndex((each) => each.id === id) === i)
  const [only, ...others] = distinct
  if (only !== undefined && others.length === 0) return only
  const manages = (path: string) => distinct.some((policy) => policy.manages(path))
  const rules = (path: string) => distinct.flatMap((policy) => policy.rules(path))
  return {
    id: createHash('sha256')
      .update(distinct.map(({ id }) => id).join())
      .digest('hex'),
    configurations: distinct.flatMap(({ configurations }) => configurations),
    problems: only?.problems ?? [],
    manages,
    exemption(path) {
      if (manages(path)) return undefined
      return distinct.map((policy) => policy.exemption(path)).find((exemption) => exemption !== undefined)
    },
    exempts(path) {
      const speaking = distinct.filter(({ configurations }) => configurations.length > 0)
      return speaking.length > 0 && speaking.every((policy) => policy.exempts(path))
    },
    rule: (path) => rules(path)[0],
    rules,
  }
}

/** The configurations above a path, the nearest first; those of sops only where there is none of kmsfile. */
function layerFinder(folders: ReadonlyMap<string, Folder>): (path: string) => readonly Layer[] {
  const known = new Map<string, readonly Omit<Layer, 'path'>[]>()
  const above = (folder: string): readonly Omit<Layer, 'path'>[] => {
    const found = known.get(folder) ?? search(folder)
    known.set(folder, found)
    return found
  }
  const search = (folder: string) => {
    const layers = (source: 'kmsfile' | 'sops') =>
      foldersAbove(folder).flatMap((each) => {
        const configuration = folders.get(each)?.[source]
        return configuration === undefined ? [] : [{ folder: each, configuration }]
      })
    const own = layers('kmsfile')
    return own.length > 0 ? own : layers('sops').slice(0, 1)
  }
  return (path) =>
    above(folderOf(path)).map(({ folder, configuration }) => ({ folder, configuration, path: within(folder, path) }))
}

/** Some systems write accents as characters of their own, and some as parts of others: to people it is the same path. */
function spellingsOf(path: string): readonly string[] {
  if (/^[\x00-\x7f]*$/.test(path)) return [path]
  return [...new Set([path, path.normalize('NFC'), path.normalize('NFD')])]
}

/** Whether somebody would look at a configuration that cannot be read, and misses it. */
function isAsked(file: string, layersOf: (path: string) => readonly Layer[]): boolean {
  const layers = layersOf(file)
  if (file.endsWith('.sops.yaml') && layers.some(({ configuration }) => configuration.source === 'kmsfile'))
    return false
  return !hasExemption(layers)
}

function hasExemption(layers: readonly Layer[]): boolean {
  return layers.some(({ configuration, path }) => configuration.exemptionOf(path) !== undefined)
}

function isThere<T>(value: T | undefined): value is T {
  return value !== undefined
}

function folderOf(path: string): string {
  return path.includes('/') ? posix.dirname(path) : ''
}

/** From the nearest, which is the folder itself, to the top, which is the empty path. */
function foldersAbove(folder: string): readonly string[] {
  const folders = [folder]
  for (let at = folder; at !== ''; ) {
    at = folderOf(at)
    folders.push(at)
  }
  return folders
}

function within(folder: string, path: string): string {
  return folder === '' ? path : path.slice(folder.length + 1)
}
