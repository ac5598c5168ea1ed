import { join } from 'node:path'
import { KmsfileError } from '../errors.ts'
import { HOOK_EVENTS, type HookEvent } from '../git/hooks/hook-script.ts'
import { installationOf, missingHooks } from '../git/install/installation.ts'
import type { Workspace } from '../operations/workspace.ts'
import { readGitConfig } from '../vcs/git-config.ts'

/**
 * Hooks that do not call kmsfile in this clone, although its rules manage files; undefined outside of a repository, without
 * rules, and where git cannot say.
 */
export async function hooksMissingHere({
  host,
  config,
  repository,
}: Workspace): Promise<readonly HookEvent[] | undefined> {
  const here = join(host.cwd, 'x')
  const found = await repository(here)
  if (found === undefined || found.bare || (await config.layers(here)).length === 0) return undefined
  try {
    return missingHooks(await installationOf(host, found, await readGitConfig(found)))
  } catch (error) {
    if (error instanceof KmsfileError && error.code !== 'INTERRUPTED') return undefined
    throw error
  }
}

/** What to say of them. */
export function missingHooksText(missing: readonly HookEvent[]): string {
  const which = HOOK_EVENTS.every((event) => missing.includes(event))
    ? 'the hooks are'
    : `some hooks are (${missing.join(', ')})`
  return `${which} not installed in this clone, so nothing stops a commit of plaintext`
}
