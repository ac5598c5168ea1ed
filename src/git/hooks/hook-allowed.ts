import type { Host } from '../../host/host.ts'
import type { Finding } from '../check/finding.ts'

/** The environment variable that lets one file pass, once. */
export const ALLOW_VARIABLE = 'KMSFILE_ALLOW_PLAINTEXT'

/**
 * Takes out what somebody lets pass by naming its file in the environment. One file, so that nobody makes a habit of it; what
 * concerns all files, as a configuration that cannot be read, is never let pass.
 */
export function withoutAllowed(
  findings: readonly Finding[],
  { env }: Pick<Host, 'env'>,
): { readonly findings: readonly Finding[]; readonly allowed: string | undefined } {
  const path = env[ALLOW_VARIABLE]?.replace(/^\.\//, '')
  const rest = findings.filter(
    (finding) =>
      finding.severity === 'note' ||
      finding.path !== path ||
      finding.verdict === 'configuration' ||
      finding.verdict === 'unmerged',
  )
  return { findings: rest, allowed: rest.length < findings.length ? path : undefined }
}
