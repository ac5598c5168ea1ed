import { posix } from 'node:path'
import type { ConfigFinder } from '../config/find.ts'
import { KmsfileError } from '../errors.ts'
import { decodeText } from '../host/utf8.ts'
import type { Workspace } from '../operations/workspace.ts'
import type { Repository } from '../vcs/repository.ts'
import { type PolicyText, policyOf } from './policy.ts'

/**
 * The workspace with the rules that git has in its index, where the work tree has none for a file: it may be checked out in
 * part, or not yet.
 */
export function withIndexRules(workspace: Workspace, repository: Repository): Workspace {
  const { config } = workspace
  const ruleIfAny: ConfigFinder['ruleIfAny'] = async (file) => {
    const found = await config.ruleIfAny(file)
    const path = found === undefined ? await repository.pathOf(file) : undefined
    return path === undefined ? found : (await policyOf(await indexedTexts(repository, path))).rule(path)
  }
  const rule: ConfigFinder['rule'] = async (file) => (await ruleIfAny(file)) ?? config.rule(file)
  return { ...workspace, config: { ...config, rule, ruleIfAny } }
}

const NAMES = ['.kmsfile.yaml', '.sops.yaml']

/** The configurations above a path, as the index has them. */
async function indexedTexts(repository: Repository, path: string): Promise<readonly PolicyText[]> {
  const folders: string[] = []
  for (let folder = posix.dirname(path); ; folder = posix.dirname(folder)) {
    folders.push(folder)
    if (folder === '.') break
  }
  const paths = folders
    .flatMap((folder) => NAMES.map((name) => posix.join(folder, name)))
    // The protocol of cat-file has one name a line.
    .filter((each) => !each.includes('\n'))
  const texts: PolicyText[] = []
  const names = paths.values()
  for await (const object of repository.catFiles(paths.map((each) => `:${each}`))) {
    const { value: name = '' } = names.next()
    if (object?.type === 'blob' && object.content !== undefined) texts.push({ path: name, text: read(object.content) })
  }
  return texts
}

function read(content: Uint8Array): string | KmsfileError {
  try {
    return decodeText(content)
  } catch (error) {
    if (error instanceof KmsfileError) return error
    throw error
  }
}
