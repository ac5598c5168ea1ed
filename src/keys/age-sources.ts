import { isAbsolute, join, resolve } from 'node:path'
import type { Host } from '../host/host.ts'
import { shortPath, userConfigDirs } from '../host/user-config.ts'

/** A place where identities may be. */
export type Source = {
  /** For people: a path with `~`, or the name of a variable. */
  readonly name: string
  /** True where it can only be one SSH private key, so that other stanzas need not look there. */
  readonly ssh: boolean
} & (
  | { readonly kind: 'text'; readonly text: string }
  /** `named` is true where a variable says the path, so that its absence is a mistake. */
  | { readonly kind: 'file'; readonly path: string; readonly named: boolean }
  | { readonly kind: 'command'; readonly commandLine: string }
)

type Where = Pick<Host, 'cwd' | 'env' | 'platform' | 'homeDir'>

/** Where kmsfile makes the identity of a user who has none. Absolute. */
export function defaultIdentityPath(host: Where): string {
  return join(userConfigDirs(host)[0], 'kmsfile', 'age', 'keys.txt')
}

/**
 * Every place where identities are looked for: ours, and all those of sops. Files that need not be there included; a
 * variable that is not set is no place. What costs least stands first, commands last.
 */
export function identitySources(host: Where): readonly Source[] {
  const { env, homeDir } = host
  const sources = [
    ...text(env, 'KMSFILE_AGE_KEY'),
    ...namedFile(host, 'KMSFILE_AGE_KEY_FILE'),
    ...userConfigDirs(host).map((dir) => file(host, join(dir, 'kmsfile', 'age', 'keys.txt'))),
    ...text(env, 'SOPS_AGE_KEY'),
    ...namedFile(host, 'SOPS_AGE_KEY_FILE'),
    ...userConfigDirs(host).map((dir) => file(host, join(dir, 'sops', 'age', 'keys.txt'))),
    ...namedFile(host, 'SOPS_AGE_SSH_PRIVATE_KEY_FILE', { ssh: true }),
    file(host, join(homeDir, '.ssh', 'id_ed25519'), { ssh: true }),
    file(host, join(homeDir, '.ssh', 'id_rsa'), { ssh: true }),
    ...command(env, 'KMSFILE_AGE_KEY_CMD'),
    ...command(env, 'SOPS_AGE_KEY_CMD'),
    ...command(env, 'SOPS_AGE_SSH_PRIVATE_KEY_CMD', { ssh: true }),
  ]
  const paths = new Set<string>()
  return sources.filter((source) => {
    if (source.kind !== 'file') return true
    const seen = paths.has(source.path)
    paths.add(source.path)
    return !seen
  })
}

interface SourceOptions {
  readonly ssh?: boolean
  readonly named?: boolean
}

function file(host: Where, path: string, { ssh = false, named = false }: SourceOptions = {}): Source {
  return { kind: 'file', name: shortPath(path, host), ssh, named, path }
}

function namedFile(host: Where, variable: string, { ssh = false }: SourceOptions = {}): Source[] {
  const path = host.env[variable]
  if (!path) return []
  return [file(host, isAbsolute(path) ? path : resolve(host.cwd, path), { ssh, named: true })]
}

function text(env: Host['env'], variable: string): Source[] {
  const value = env[variable]
  return value ? [{ kind: 'text', name: variable, ssh: false, text: value }] : []
}

function command(env: Host['env'], variable: string, { ssh = false }: SourceOptions = {}): Source[] {
  const commandLine = env[variable]
  return commandLine ? [{ kind: 'command', name: variable, ssh, commandLine }] : []
}
