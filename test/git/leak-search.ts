import type { ScratchRepository } from './scratch-repository.ts'

interface Found {
  readonly severity: string
  readonly verdict: string
  readonly path: string
  readonly line?: number
  readonly place?: string
  readonly commit?: string
  readonly message: string
}

/** What `git check --leaks` finds, a line each, sorted by path. */
export function leaksIn(repository: ScratchRepository, ...options: readonly string[]): readonly string[] {
  const { stdout, stderr, code } = repository.kmsfile(['git', 'check', '--leaks', '--json', ...options])
  if (stdout === '') throw new Error(stderr)
  const { findings, refused } = JSON.parse(stdout) as { findings: readonly Found[]; refused: boolean }
  if (code !== (refused ? 1 : 0)) throw new Error(`ended with ${code}`)
  return findings.map(({ severity, verdict, path, line, place, commit, message }) =>
    [
      severity,
      verdict,
      ...(commit === undefined ? [] : [commit]),
      line === undefined ? path : `${path}:${line}`,
      ...(place === undefined ? [] : [place]),
      message,
    ].join(' '),
  )
}

/** As a key file looks; of no key. */
export const PEM_LINES = [
  '-----BEGIN PRIVATE KEY-----',
  'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj',
  'MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu',
  '-----END PRIVATE KEY-----',
]
export const PEM = `${PEM_LINES.join('\n')}\n`
