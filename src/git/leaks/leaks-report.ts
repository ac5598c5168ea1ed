import type { Finding } from '../check/finding.ts'
import { counted, shownPath } from '../check/report-words.ts'
import type { Hit } from './leaks-scan.ts'
import type { SecretValue } from './leaks-values.ts'

/** Where a content lies, or a name stands. */
export interface ScannedPlace {
  /** As it may be shown. Empty for the message of a commit. */
  readonly path: string
  /** What of it was looked through. Default: a content. */
  readonly part?: 'name' | 'message' | undefined
  readonly commit?: string | undefined
  /** Whether it is in the index alone; the work tree has another content, or none. */
  readonly staged?: boolean | undefined
}

/** Values that are named one by one of one content. */
const MAX_NAMED = 100

/** What was found at one place, for people and machines; the values are named by their places. */
export function leakFindings(
  place: ScannedPlace,
  hits: readonly Hit[],
  secrets: readonly SecretValue[],
): readonly Finding[] {
  const findings = hits.slice(0, MAX_NAMED).map((hit) => leakFinding(place, hit, secrets[hit.secret] as SecretValue))
  const more = hits.length - MAX_NAMED
  if (more <= 0) return findings
  const { path, commit } = place
  return [
    ...findings,
    { verdict: 'leak', severity: 'refuse', path, commit, message: `${more} more secrets are readable` },
  ]
}

function leakFinding({ path, part, commit, staged }: ScannedPlace, hit: Hit, secret: SecretValue): Finding {
  const { form, whole, lines } = hit
  const [line, ...otherLines] = part === undefined ? lines : []
  const message = path === '' ? 'in the commit message' : 'in its message'
  const where = { content: 'here', name: 'in its name', message }[part ?? 'content']
  const others = secret.others === 0 ? '' : ` and of ${counted(secret.others, 'other place')}`
  const remarks = [
    ...(staged === true ? ['staged'] : []),
    ...(form === 'as it is' ? [] : [form]),
    ...(otherLines.length === 0 ? [] : [`also on line ${otherLines.join(', ')}`]),
  ]
  const remark = remarks.length === 0 ? '' : ` (${remarks.join('; ')})`
  const what = whole ? 'a secret' : 'part of a secret'
  return {
    verdict: 'leak',
    severity: 'refuse',
    path,
    line,
    commit,
    keys: secret.place.keys,
    message: `${what} of ${shownPath(secret.place.path)}${others} is readable ${where}${remark}`,
  }
}
