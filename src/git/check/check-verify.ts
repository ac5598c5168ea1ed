import { join } from 'node:path'
import type { Rule } from '../../config/rules.ts'
import { KmsfileError } from '../../errors.ts'
import { detectFormat } from '../../formats/detect.ts'
import { mentionsEncryption } from '../../operations/inspect.ts'
import { judgeRecipients, openSource } from '../../operations/secrets-file.ts'
import { mapConcurrently, type Workspace } from '../../operations/workspace.ts'
import type { Repository } from '../../vcs/repository.ts'
import { contentsOf } from './check-contents.ts'
import { openObjects } from './check-objects.ts'
import type { Finding, Flaw } from './finding.ts'
import { contentFormat, textOf } from './judge-text.ts'

/** A content that was looked at, where it lies. */
export interface CheckedVersion {
  readonly path: string
  readonly id: string
  readonly commit: string | undefined
  /** By the rules of its own tree. */
  readonly rule: Rule | undefined
}

/** So many contents are in memory at the same time. */
const AT_ONCE = 200

/**
 * Opens encrypted versions of files with the keys at hand, and verifies MAC, seal and recipients of each; each content once for
 * each path. What cannot be opened is noted, once a path.
 *
 * @throws KmsfileError `GIT_FAILED`, `INTERRUPTED`
 */
export async function verifyVersions(
  workspace: Workspace,
  repository: Repository,
  versions: readonly CheckedVersion[],
): Promise<readonly Finding[]> {
  const distinct = [...new Map(versions.map((each) => [JSON.stringify([each.path, each.id]), each])).values()]
  const reader = await openObjects(repository, { fetch: true })
  const findings: Finding[] = []
  const unopened = new Set<string>()
  try {
    for (let at = 0; at < distinct.length; at += AT_ONCE) {
      const some = distinct.slice(at, at + AT_ONCE)
      const contents = await contentsOf(
        reader,
        some.map(({ id }) => id),
      )
      const flaws = await mapConcurrently(some, (version, i) => verify(workspace, repository, version, contents[i]))
      for (const [i, flaw] of flaws.entries()) {
        const { path, id, commit } = some[i] as CheckedVersion
        if (flaw === undefined || (flaw.verdict === 'not-verified' && unopened.has(path))) continue
        if (flaw.verdict === 'not-verified') unopened.add(path)
        findings.push({ ...flaw, path, commit, object: id })
      }
    }
    return findings
  } finally {
    reader.close()
  }
}

async function verify(
  workspace: Workspace,
  repository: Repository,
  { path, rule }: CheckedVersion,
  content: Uint8Array | undefined,
): Promise<Flaw | undefined> {
  const text = content === undefined || !mentionsEncryption(content) ? undefined : textOf(content)
  const format = text === undefined ? undefined : contentFormat(text, path)
  if (text === undefined || format === undefined) return undefined
  const source = { name: path, path: join(repository.topLevel, path), format: detectFormat('', format), text }
  // The rule is that of the version's own tree, whatever the work tree has.
  const config = { ...workspace.config, ruleIfAny: async () => rule }
  try {
    // What was added readable is found without a key.
    const opened = await openSource({ ...workspace, config }, source, { allowAdded: true })
    if (judgeRecipients(opened) !== 'changed') return undefined
    return refused(
      'recipients-changed',
      'the keys that can open it are neither those of its rule nor those that were sealed',
    )
  } catch (error) {
    if (!(error instanceof KmsfileError) || error.code === 'INTERRUPTED') throw error
    return flawOf(error)
  }
}

/** What does not parse was found without a key. */
function flawOf({ code, message }: KmsfileError): Flaw | undefined {
  if (code.startsWith('KEY_'))
    return { verdict: 'not-verified', severity: 'note', message: 'not opened: no key at hand' }
  if (code === 'INTEGRITY_NOT_SEALED') return undefined
  return code.startsWith('INTEGRITY_') || code === 'FORMAT_VALUE' ? refused('not-authentic', message) : undefined
}

function refused(verdict: Flaw['verdict'], message: string): Flaw {
  return { verdict, severity: 'refuse', message }
}
