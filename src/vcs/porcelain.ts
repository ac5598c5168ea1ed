import type { Host } from '../host/host.ts'

/** The version of git on the PATH. */
export interface GitVersion {
  readonly major: number
  readonly minor: number
  /** As git says it, such as `2.39.5`. */
  readonly text: string
}

/**
 * Asks git for its version; undefined where there is none.
 *
 * By simple-git, which knows what the builds of git call themselves. It takes long to load, so only commands that a
 * person waits for anyway use it.
 */
export async function gitVersion({ cwd }: Pick<Host, 'cwd'>): Promise<GitVersion | undefined> {
  const { simpleGit } = await import('simple-git')
  const { installed, major, minor, patch } = await simpleGit(cwd).version()
  return installed ? { major, minor, text: `${major}.${minor}.${patch}` } : undefined
}
