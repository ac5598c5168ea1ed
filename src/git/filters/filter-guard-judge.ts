import type { Repository } from '../../vcs/repository.ts'
import { findingsAt, placeFinder } from '../check/check-entries.ts'
import { type Finding, refuses } from '../check/finding.ts'
import { judgeContent, MAX_JUDGED_BYTES } from '../check/judge-content.ts'
import { demandFinder, strictDemand } from '../check/judge-demand.ts'
import type { Policy } from '../check/policy.ts'
import { type GuardPolicy, guardPolicies } from './filter-guard-policy.ts'

/** What is asked of the content of one path. */
export interface Guarded {
  /** Beyond this, the content need not be kept: it is refused whatever it is. Undefined where it is let through unread. */
  readonly maxBytes: number | undefined
  /** What is wrong with it. Undefined stands for a content that is too large. */
  judge(content: Uint8Array | undefined): Promise<readonly Finding[]>
}

export interface Guard {
  /** `path` is from the top of the repository, as git names it. */
  at(path: string): Promise<Guarded>
  close(): void
}

/**
 * Judges what is on its way from the work tree into the repository, by the rules of the work tree and of the last commit. Without
 * a key, and without a single process of git more than one.
 */
export function startGuard(repository: Repository): Guard {
  const policies = guardPolicies(repository)
  const finders = new Map<GuardPolicy, ReturnType<typeof placeFinder>>()
  return {
    async at(path) {
      const policy = await policies.of(path)
      const { own, before, united } = policy
      if (own.problems.length > 0) return unreadableRules(path, own, united)
      const placeOf = finders.get(policy) ?? placeFinder(united)
      finders.set(policy, placeOf)
      const place = placeOf({ mode: '100644', id: '', path, stage: 0 })
      if (place === undefined) return { maxBytes: undefined, judge: async () => [] }
      if ('verdict' in place) return { maxBytes: 0, judge: async () => [place] }
      return {
        // What is looked at in case it is encrypted may be of any size.
        maxBytes: place.demand.managed ? MAX_JUDGED_BYTES : undefined,
        judge: async (content) => {
          if (content === undefined) return [tooLarge(path)]
          if (content.length > MAX_JUDGED_BYTES) return []
          return refusedAlone(findingsAt(place, await judgeContent(content, place.demand), { own, before: [before] }))
        },
      }
    },
    close: policies.close,
  }
}

/** Attributes name the file as one of ours; what the rules would say of it, nobody knows. Then it must not be plaintext. */
function unreadableRules(path: string, own: Policy, united: Policy): Guarded {
  const demand = demandFinder(united)(path)
  const strict = strictDemand(
    demand ?? { format: undefined, managed: false, selectors: [], sealed: false, strays: false, key: '' },
  )
  return {
    maxBytes: MAX_JUDGED_BYTES,
    judge: async (content) => {
      const flaws = content === undefined ? [tooLarge(path)] : await judgeContent(content, strict)
      if (!refuses(flaws)) return []
      return own.problems.map(({ file = '', line, message }) => ({
        verdict: 'configuration',
        severity: 'refuse',
        path: file,
        line,
        message,
      }))
    },
  }
}

function refusedAlone(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ severity }) => severity === 'refuse')
}

function tooLarge(path: string): Finding {
  return { verdict: 'unreadable', severity: 'refuse', path, message: 'too large to be checked' }
}
