import type { GitConfig } from '../../vcs/git-config.ts'

const GUARD = 'filter.kmsfile-guard'
/** What the filter is made of. Without them, and not required, git takes files as they are. */
const SETTINGS = ['process=', 'clean=', 'smudge=', 'required=false']

/**
 * Variables that leave the guard out of one git command (2.31 and later) which writes nothing. The guard refuses plaintext at a
 * managed path, so that git would not compare it with anything; who looks at it is to see that it is there.
 */
export function withoutGuard(
  env: Readonly<Record<string, string | undefined>>,
  config: Pick<GitConfig, 'names'>,
): Readonly<Record<string, string>> {
  if (config.names(`${GUARD}.`).length === 0) return {}
  const first = /^\d{1,6}$/.test(env['GIT_CONFIG_COUNT'] ?? '') ? Number(env['GIT_CONFIG_COUNT']) : 0
  const variables = SETTINGS.flatMap((setting, i): [string, string][] => {
    const [name, value = ''] = setting.split('=')
    return [
      [`GIT_CONFIG_KEY_${first + i}`, `${GUARD}.${name}`],
      [`GIT_CONFIG_VALUE_${first + i}`, value],
    ]
  })
  return { ...Object.fromEntries(variables), GIT_CONFIG_COUNT: `${first + SETTINGS.length}` }
}
