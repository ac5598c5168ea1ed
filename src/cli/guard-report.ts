import { type Finding, refuses } from '../git/check/finding.ts'
import { reportLines } from '../git/check/report-text.ts'
import { withoutAllowed } from '../git/hooks/hook-allowed.ts'
import type { Cli } from './command.ts'

/** Says what is wrong with what git adds, on the way to git's own words about the filter that failed; true where it is refused. */
export function guardReporter(cli: Cli): (found: readonly Finding[]) => boolean {
  return (found) => {
    const { findings, allowed } = withoutAllowed(found, cli.host)
    if (allowed !== undefined) cli.warn('let pass, this one time: KMSFILE_ALLOW_PLAINTEXT names it', { file: allowed })
    for (const line of reportLines(findings, { done: 'accepted', command: 'git add ...' })) cli.say(line)
    return refuses(findings)
  }
}
