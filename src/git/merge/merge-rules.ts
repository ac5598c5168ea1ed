import { posix } from 'node:path'
import type { ConfigFinder } from '../../config/find.ts'
import type { Rule } from '../../config/rules.ts'
import { KmsfileError } from '../../errors.ts'
import { decodeText } from '../../host/utf8.ts'
import type { Workspace } from '../../operations/workspace.ts'
import type { Repository } from '../../vcs/repository.ts'
import { type Policy, type PolicyText, policyOf } from '../check/policy.ts'

/**
 * The workspace with the rules that a commit of ours has, by default the last one. The work tree may have those of the other
 * side already, and who is to open the result is not for them to say. Where that commit has none, those of the work tree count,
 * or else of the index; a configuration that the user named in the environment always does.
 */
export function withCommittedRules(workspace: Workspace, repository: Repository, commit = 'HEAD'): Workspace {
  const { config, host } = workspace
  if (host.env['KMSFILE_CONFIG'] || host.env['SOPS_CONFIG']) return workspace
  const policies = new Map<string, Promise<Policy>>()
  const policyIn = (tree: string, path: string): Promise<Policy> => {
    const id = `${tree}:${posix.dirname(path)}`
    const known = policies.get(id) ?? textsIn(repository, tree, path).then(policyOf)
    policies.set(id, known)
    return known
  }

  const ruleIfAny: ConfigFinder['ruleIfAny'] = async (file) => {
    const path = await repository.pathOf(file)
    if (path === undefined) return config.ruleIfAny(file)
    const ours = await policyIn(commit, path)
    if (isThere(ours)) return ruleOf(ours, path)
    return (await config.ruleIfAny(file)) ?? ruleOf(await policyIn('', path), path)
  }
  const rule: ConfigFinder['rule'] = async (file) => {
    const found = await ruleIfAny(file)
    if (found !== undefined) return found
    const path = await repository.pathOf(file)
    if (path !== undefined && isThere(await policyIn(commit, path))) throw noRule(file)
    return config.rule(file)
  }
  return { ...workspace, config: { ...config, rule, ruleIfAny } }
}

function isThere({ configurations, problems }: Policy): boolean {
  return configurations.length > 0 || problems.length > 0
}

function ruleOf({ problems: [problem], ...policy }: Policy, path: string): Rule | undefined {
  if (problem !== undefined) throw problem
  return policy.rule(path)
}

function noRule(file: string): KmsfileError {
  return new KmsfileError('the last commit on our side has no rule for this file', {
    code: 'CONFIG_NO_RULE',
    hint: 'commit a rule for it, then merge again',
    file,
  })
}

const NAMES = ['.kmsfile.yaml', '.sops.yaml']

/** The configurations above a path in a commit, or in the index, which is the empty name. */
async function textsIn(repository: Repository, tree: string, path: string): Promise<readonly PolicyText[]> {
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
  for await (const object of repository.catFiles(paths.map((each) => `${tree}:${each}`))) {
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
