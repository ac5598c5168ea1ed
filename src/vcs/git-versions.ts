import { access, constants, realpath } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { run } from '../host/child-process.ts'
import type { Host } from '../host/host.ts'

/** A git of this machine. */
export interface InstalledGit {
  /** Absolute, links followed. */
  readonly path: string
  readonly major: number
  readonly minor: number
  /** As git says it, such as `2.39.5`. */
  readonly text: string
}

/** Every git on the PATH, each once, the one that is started first. Folders that are relative are not looked at. */
export async function installedGits({
  env,
  platform,
}: Pick<Host, 'env' | 'platform'>): Promise<readonly InstalledGit[]> {
  const found = new Map<string, InstalledGit>()
  for (const folder of (env['PATH'] ?? '').split(delimiter).filter(isAbsolute)) {
    const file = join(folder, platform === 'win32' ? 'git.exe' : 'git')
    const path = await access(file, constants.X_OK).then(
      () => realpath(file),
      () => undefined,
    )
    if (path === undefined || found.has(path)) continue
    const version = await versionOf(file, env)
    if (version !== undefined) found.set(path, { path, ...version })
  }
  return [...found.values()]
}

async function versionOf(file: string, env: Host['env']): Promise<Omit<InstalledGit, 'path'> | undefined> {
  // Some that are called git only offer to install it, and wait for an answer.
  const ended = await run(file, ['--version'], { env, timeoutMs: 5000 }).catch(() => undefined)
  const [, text, major, minor] =
    /^git version ((\d+)\.(\d+)[\w.-]*)/.exec(Buffer.from(ended?.stdout ?? '').toString('utf8')) ?? []
  return text === undefined ? undefined : { text, major: Number(major), minor: Number(minor) }
}
