import type { Finding } from './finding.ts'
import type { Policy } from './policy.ts'

export interface CheckOptions {
  /** Of kmsfile: what another version remembered does not count. */
  readonly version: string
}

/** Configurations that cannot be read say nothing of what they should, so nothing can be let pass by them. */
export function problemsOf(policy: Policy, commit?: string): readonly Finding[] {
  return policy.problems.map(({ file = '', line, message }) => ({
    verdict: 'configuration',
    severity: 'refuse',
    path: file,
    line,
    commit,
    message,
  }))
}
