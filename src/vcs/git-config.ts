import type { Repository } from './repository.ts'

export type ConfigScope = 'system' | 'global' | 'local' | 'worktree' | 'command'

export interface ConfigValue {
  readonly value: string
  readonly scope: ConfigScope
}

/** What git's configuration says in one repository. Names as git prints them: section and variable in lower case. */
export interface GitConfig {
  /** The value that counts: the last. */
  get(name: string): ConfigValue | undefined
  /** All values of a variable, in the order in which git reads them. */
  all(name: string): readonly ConfigValue[]
  /** Names that start so. */
  names(prefix: string): readonly string[]
}

/** Reads all of the configuration by one process. @throws KmsfileError `GIT_FAILED` */
export async function readGitConfig(repository: Pick<Repository, 'git'>): Promise<GitConfig> {
  // --null: values may have line breaks. --show-scope: which file it is from.
  const { stdout } = await repository.git(['config', '--null', '--show-scope', '--list'])
  const fields = Buffer.from(stdout).toString('utf8').split('\0')
  const found = new Map<string, ConfigValue[]>()
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [scope, entry = ''] = [fields[at] as ConfigScope, fields[at + 1]]
    const end = entry.indexOf('\n')
    // A name without a value stands for true.
    const [name, value] = end === -1 ? [entry, 'true'] : [entry.slice(0, end), entry.slice(end + 1)]
    const values = found.get(name)
    if (values === undefined) found.set(name, [{ value, scope }])
    else values.push({ value, scope })
  }
  return {
    get: (name) => found.get(name)?.at(-1),
    all: (name) => found.get(name) ?? [],
    names: (prefix) => [...found.keys()].filter((name) => name.startsWith(prefix)),
  }
}

/** Whether a value of the configuration means yes, as git reads it. */
export function isTrue(value: string | undefined): boolean {
  return value !== undefined && /^(?:true|yes|on|[1-9]\d*)$/i.test(value)
}
