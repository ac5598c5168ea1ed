import { join, posix } from 'node:path'
import { loadConfig } from '../../config/load.ts'
import { KmsfileError } from '../../errors.ts'
import type { Repository } from '../../vcs/repository.ts'
import { ANY, type InstallSettings, TRANSPARENT } from './config-block.ts'

/**
 * Our lines of `.git/info/attributes`: the macro that `.gitattributes` names, redefined, so that no list of patterns has to be
 * kept twice.
 *
 * Rules of sops are regular expressions, which attributes cannot say: there the names' endings stand for them, here, where they
 * hold in this clone alone, and the drivers hand whatever is not encrypted to git's own.
 */
export function localAttributes(
  { guard, transparent = [] }: Pick<InstallSettings, 'guard' | 'transparent'>,
  sopsPatterns: readonly string[],
): readonly string[] {
  const filter = guard ? ' filter=kmsfile-guard' : ''
  const macro = `[attr]kmsfile diff=kmsfile merge=kmsfile${filter} -text`
  const last = transparent.map((pattern) => `${attributePattern(pattern)} ${TRANSPARENT_ATTRIBUTES}`)
  if (sopsPatterns.length === 0) return [macro, ...last]
  // Line endings of what is not encrypted are none of our business.
  const any = `[attr]${ANY} diff=${ANY} merge=${ANY}${filter}`
  return [macro, any, ...sopsPatterns.map((pattern) => `${pattern} ${ANY}`), ...last]
}

/**
 * What git is to do with files that lie in the work tree as plaintext. `!diff`: for a diff driver git would write their plaintext to
 * a temporary file. `export-ignore`: an archive would have it. Nothing but the filter may change their bytes.
 */
const TRANSPARENT_ATTRIBUTES = `filter=${TRANSPARENT} merge=kmsfile -text -ident !working-tree-encoding !diff export-ignore`

/** A pattern as gitattributes(5) reads it: in quotes, where anything in it could mean something else. */
export function attributePattern(pattern: string): string {
  if (!/[\s"]|^[#[]/.test(pattern)) return pattern
  return `"${pattern.replaceAll(/[\\"]/g, '\\$&').replaceAll('\t', '\\t')}"`
}

/** Patterns for what the rules of every `.sops.yaml` may be for; none where a `.kmsfile.yaml` has the say. */
export async function sopsPatterns(repository: Repository): Promise<readonly string[]> {
  const paths = await repository.listFiles({ untracked: true })
  if (paths.some((path) => posix.basename(path) === '.kmsfile.yaml')) return []
  const found: string[] = []
  for (const path of paths.filter((each) => posix.basename(each) === '.sops.yaml').sort()) {
    const folder = posix.dirname(path)
    const prefix = folder === '.' ? '' : `${folder.replaceAll(/[\\*?[\s"]/g, '?')}/**/`
    for (const expression of await expressionsOf(repository, path)) {
      found.push(...endingsOf(expression).map((ending) => `${prefix}*${ending}`))
    }
  }
  return [...new Set(found)]
}

async function expressionsOf({ topLevel }: Repository, path: string): Promise<readonly string[]> {
  try {
    return (await loadConfig(join(topLevel, path), { file: path })).patterns.flat()
  } catch (error) {
    // One that cannot be read has nothing to say here; doctor says why. Tracked, but deleted.
    if (error instanceof KmsfileError && error.code.startsWith('CONFIG_')) return []
    throw error
  }
}

const ENDINGS = ['.yaml', '.yml', '.json']

/**
 * How names end that a regular expression matches, as far as it says so in plain letters (`\.enc\.yaml$`); otherwise any that
 * kmsfile can read.
 */
export function endingsOf(expression: string): readonly string[] {
  // One of several expressions says nothing of the names that the others match.
  if (expression.replaceAll(/\\.|\([^()]*\)/g, '').includes('|')) return ENDINGS
  const [, ending] = /((?:\\\.[\w-]+)+)\$$/.exec(expression) ?? []
  const [, stem] = /((?:\\\.[\w-]+)*)\\\.ya\?ml\$$/.exec(expression) ?? []
  if (stem !== undefined) {
    const plain = stem.replaceAll('\\', '')
    return [`${plain}.yaml`, `${plain}.yml`]
  }
  return ending === undefined ? ENDINGS : [ending.replaceAll('\\', '')]
}
