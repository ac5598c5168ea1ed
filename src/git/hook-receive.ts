import { resolve } from 'node:path'
import { readFile, readStdin } from '../host/files.ts'
import type { Host } from '../host/host.ts'
import { decodeText } from '../host/utf8.ts'
import type { Repository } from '../vcs/repository.ts'
import type { Checked } from './check-entries.ts'
import type { CheckOptions } from './check-options.ts'
import { checkRange } from './check-range.ts'
import { commitsOf, distinct, headsOf, sumsOf } from './hook-updates.ts'
import { type Policy, policyOf } from './policy.ts'

/** A push of a whole repository has that many; what has more keeps the server busy for nothing. */
const MAX_VERSIONS = 200_000
/** Somebody waits. */
const TIMEOUT_MS = 5000

/**
 * Judges what somebody pushes, on the server: nothing of what the client says about itself is trusted. Besides its own rules
 * those of the default branch count, those of the branch that is pushed to, and those of the file that `kmsfile.policy` in
 * the server's configuration names.
 *
 * @throws KmsfileError `GIT_FAILED`, `CONFIG_INVALID`, `FILE_NOT_FOUND`
 */
export async function beforeReceive(host: Host, repository: Repository, { version }: CheckOptions): Promise<Checked> {
  const text = Buffer.from(await readStdin(host)).toString('utf8')
  const lines = text.matchAll(/^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) (.*)$/gm)
  const updates = Array.from(lines, ([, oldId = '', id = '', ref = '']) => ({ ref, id, oldId }))
  const reader = await repository.objectReader()
  try {
    const { heads, ids, strays } = await headsOf(reader, updates)
    if (ids.length === 0) return { findings: strays, files: 0 }
    const [main] = await commitsOf(reader, ['HEAD'])
    // What any ref of the server leads to is there already.
    const revisions = { ids, options: ['--not', '--all'] }
    const checked = await checkRange(repository, revisions, {
      version,
      targets: distinct([...heads.map(({ old }) => old), main]),
      policies: await ownPolicies(repository),
      sums: await sumsOf(repository, heads, main),
      timeoutMs: TIMEOUT_MS,
      maxVersions: MAX_VERSIONS,
    })
    return { ...checked, findings: [...checked.findings, ...strays] }
  } finally {
    reader.close()
  }
}

/** What whoever runs the server asks for, whatever the branches say. */
async function ownPolicies(repository: Repository): Promise<readonly Policy[]> {
  const name = await repository.config('kmsfile.policy')
  if (name === undefined || name === '') return []
  const text = decodeText(await readFile(resolve(repository.gitDir, name)), name)
  const policy = await policyOf([{ path: '.kmsfile.yaml', text }])
  const [problem] = policy.problems
  if (problem !== undefined) throw problem
  return [policy]
}
