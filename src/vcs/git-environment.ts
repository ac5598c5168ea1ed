import { resolve } from 'node:path'
import { findGitPlace, type GitPlace } from './git-place.ts'

type Env = Readonly<Record<string, string | undefined>>

/** `git rev-parse --local-env-vars`: what belongs to one repository. */
const LOCAL_VARIABLES: readonly string[] = [
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_CONFIG',
  'GIT_CONFIG_PARAMETERS',
  'GIT_CONFIG_COUNT',
  'GIT_OBJECT_DIRECTORY',
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_IMPLICIT_WORK_TREE',
  'GIT_GRAFT_FILE',
  'GIT_INDEX_FILE',
  'GIT_NO_REPLACE_OBJECTS',
  'GIT_REPLACE_REF_BASE',
  'GIT_PREFIX',
  'GIT_INTERNAL_SUPER_PREFIX',
  'GIT_SHALLOW_FILE',
  'GIT_COMMON_DIR',
]

/** May be relative, but git runs elsewhere when we run it. */
const PATH_VARIABLES = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_COMMON_DIR']

/**
 * Who starts git, and so our hooks, may say what its own path patterns mean; ours mean what they say by themselves, and git refuses
 * some of these together.
 */
const OWN_PATTERNS: Readonly<Record<string, string>> = {
  GIT_LITERAL_PATHSPECS: '0',
  GIT_GLOB_PATHSPECS: '0',
  GIT_NOGLOB_PATHSPECS: '0',
  GIT_ICASE_PATHSPECS: '0',
}

/**
 * The environment for git in a repository. What git told us about the repository that it started us for (the index of a partial
 * commit, objects in quarantine) is kept there, and nowhere else.
 */
export async function gitEnvironment(place: GitPlace, env: Env, cwd: string): Promise<Record<string, string>> {
  const result: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) if (value !== undefined) result[name] = value

  if (LOCAL_VARIABLES.some((name) => name in result)) {
    const started = await findGitPlace(cwd, env, cwd)
    if (started?.gitDir === place.gitDir) {
      for (const name of PATH_VARIABLES) if (result[name]) result[name] = resolve(cwd, result[name])
      // Unlike the others, this one counts from the top, wherever git is started.
      if (result['GIT_INDEX_FILE']) result['GIT_INDEX_FILE'] = resolve(place.topLevel, result['GIT_INDEX_FILE'])
      // With GIT_DIR alone, git takes the folder that it runs in for the top.
      if (result['GIT_DIR'] && !place.bare) result['GIT_WORK_TREE'] = place.topLevel
    } else {
      for (const name of LOCAL_VARIABLES) delete result[name]
    }
  }
  return {
    ...result,
    ...OWN_PATTERNS,
    // English messages, and no others where we tell them apart.
    LC_ALL: 'C',
    // Reading does not write the index anew on the way: it would make others wait, and hooks see another index.
    GIT_OPTIONAL_LOCKS: '0',
  }
}
