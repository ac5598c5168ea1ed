import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Host } from '../host/host.ts'
import type { CaBundle } from './aws-http.ts'

/**
 * Says whether the AWS configuration of this machine has a profile of that name.
 *
 * A file names the profile of whoever added the key. On another machine, in CI above all, that name means nothing, and
 * holding on to it would hide the credentials that are there.
 */
export async function hasProfile(name: string, { env, homeDir }: Pick<Host, 'env' | 'homeDir'>): Promise<boolean> {
  const files = [
    configFile({ env, homeDir }),
    env['AWS_SHARED_CREDENTIALS_FILE'] || join(homeDir, '.aws', 'credentials'),
  ]
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))
  return texts.some((text) => profilesIn(text).has(name))
}

/**
 * The certificates to trust with a profile, as the AWS tools choose them: those of `AWS_CA_BUNDLE`, else of `ca_bundle` in the
 * profile's section of the configuration. `profile` undefined: that of `AWS_PROFILE`, else `default`.
 */
export async function caBundleOf(
  profile: string | undefined,
  { env, homeDir }: Pick<Host, 'env' | 'homeDir'>,
): Promise<CaBundle | undefined> {
  const variable = env['AWS_CA_BUNDLE']
  if (variable) return { path: variable, namedBy: 'AWS_CA_BUNDLE' }
  const name = profile ?? (env['AWS_PROFILE'] || 'default')
  const text = await readFile(configFile({ env, homeDir }), 'utf8').catch(() => '')
  const path = settingIn(text, name, 'ca_bundle')
  return path ? { path, namedBy: `ca_bundle of the AWS profile ${name}` } : undefined
}

function configFile({ env, homeDir }: Pick<Host, 'env' | 'homeDir'>): string {
  return env['AWS_CONFIG_FILE'] || join(homeDir, '.aws', 'config')
}

// `[name]`, `[profile name]`, `[profile "name"]`, and a comment behind it.
const SECTION = /^\[\s*(profile\s+)?(["']?)([^\]]+?)\2\s*\]/
// `name = value`; a comment stands behind white space.
const SETTING = /^([^\s=]+)\s*=\s*(.*?)\s*(?:\s[#;].*)?$/

/** What the configuration says in the section of a profile; of two, the last counts. */
function settingIn(text: string, profile: string, name: string): string | undefined {
  let found: string | undefined
  let isInside = false
  let column = Number.POSITIVE_INFINITY
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim()
    if (trimmed === '' || /^[#;]/.test(trimmed)) continue
    const section = SECTION.exec(line)
    if (section !== null) {
      const [, prefix, , title] = section
      isInside = title === profile && (prefix !== undefined || title === 'default')
      column = Number.POSITIVE_INFINITY
      continue
    }
    // What stands deeper than the setting before belongs to that.
    const indentation = line.length - line.trimStart().length
    if (indentation > column) continue
    column = indentation
    const [, key = '', value = ''] = SETTING.exec(trimmed) ?? []
    if (isInside && key.toLowerCase() === name) found = value
  }
  return found
}

/** Names of the sections `[name]` and `[profile name]`, the latter in quotes or not. */
function profilesIn(text: string): ReadonlySet<string> {
  const sections = text.matchAll(/^\s*\[\s*(?:profile\s+)?(["']?)([^\]]+?)\1\s*\]/gm)
  return new Set(Array.from(sections, ([, , name = '']) => name))
}
