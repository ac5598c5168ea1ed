import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Host } from '../host/host.ts'

/**
 * Says whether the AWS configuration of this machine has a profile of that name.
 *
 * A file names the profile of whoever added the key. On another machine, in CI above all, that name means nothing, and
 * holding on to it would hide the credentials that are there.
 */
export async function hasProfile(name: string, { env, homeDir }: Pick<Host, 'env' | 'homeDir'>): Promise<boolean> {
  const files = [
    env['AWS_CONFIG_FILE'] || join(homeDir, '.aws', 'config'),
    env['AWS_SHARED_CREDENTIALS_FILE'] || join(homeDir, '.aws', 'credentials'),
  ]
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))
  return texts.some((text) => profilesIn(text).has(name))
}

/** Names of the sections `[name]` and `[profile name]`, the latter in quotes or not. */
function profilesIn(text: string): ReadonlySet<string> {
  const sections = text.matchAll(/^\s*\[\s*(?:profile\s+)?(["']?)([^\]]+?)\1\s*\]/gm)
  return new Set(Array.from(sections, ([, , name = '']) => name))
}
