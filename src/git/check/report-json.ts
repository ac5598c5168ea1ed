import { printPath } from '../../core/path.ts'
import { type Finding, refuses } from './finding.ts'

/**
 * What a check found, as `--json` prints it: `{"refused": BOOLEAN, "checked": NUMBER, "findings": [...]}`.
 *
 * - `checked`: how many files, or versions of files, were looked at
 * - a finding: `verdict`; `severity`, `refuse` or `note`; `path`; `message`; where known `line`, `keys` (a list, list indices as
 *   numbers), `place` (the same as text), `commit`, `lastCommit`, `remotes`, `object`
 */
export function reportData({ findings, files }: { readonly findings: readonly Finding[]; readonly files: number }) {
  return { refused: refuses(findings), checked: files, findings: findings.map(findingData) }
}

function findingData(finding: Finding) {
  const { verdict, severity, path, message, line, keys, commit, lastCommit, remotes, object } = finding
  return {
    verdict,
    severity,
    path,
    ...(line !== undefined && { line }),
    ...(keys !== undefined && { keys, place: printPath(keys) }),
    ...(commit !== undefined && { commit }),
    ...(lastCommit !== undefined && { lastCommit }),
    ...(remotes !== undefined && { remotes }),
    ...(object !== undefined && { object }),
    message,
  }
}
