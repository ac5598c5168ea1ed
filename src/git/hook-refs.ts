import { readStdin } from '../host/files.ts'
import type { Host } from '../host/host.ts'
import type { Repository } from '../vcs/repository.ts'
import type { Checked } from './check-entries.ts'
import type { CheckOptions } from './check-options.ts'
import { checkRange } from './check-range.ts'
import { headsOf } from './hook-updates.ts'

/** Refs of this clone's own work. What is fetched goes elsewhere, and is not stopped. */
const OWN_REFS = /^(?:HEAD|refs\/heads\/.*|refs\/stash)$/s

/**
 * Judges the commits that refs are about to lead to, for who wants no way round: whatever git does ends here. Of the phases of
 * a transaction only the one in which it can still be refused is of interest.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function beforeRefs(
  host: Host,
  repository: Repository,
  { args: [phase], version }: CheckOptions & { readonly args: readonly string[] },
): Promise<Checked> {
  if (phase !== 'prepared') return { findings: [], files: 0 }
  const text = Buffer.from(await readStdin(host)).toString('utf8')
  const lines = text.matchAll(/^(\S+) ([0-9a-f]{40,64}) (.*)$/gm)
  const updates = Array.from(lines, ([, oldId = '', id = '', ref = '']) => ({ ref, id, oldId }))
  const reader = await repository.objectReader()
  try {
    const { ids } = await headsOf(
      reader,
      updates.filter(({ ref }) => OWN_REFS.test(ref)),
    )
    if (ids.length === 0) return { findings: [], files: 0 }
    // What refs lead to already was judged when they came to, or was fetched.
    return await checkRange(repository, { ids, options: ['--not', '--all'] }, { version, targets: [], sums: [] })
  } finally {
    reader.close()
  }
}
