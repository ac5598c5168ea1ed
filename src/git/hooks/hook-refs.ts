import { readStdin } from '../../host/files.ts'
import type { Host } from '../../host/host.ts'
import type { Repository } from '../../vcs/repository.ts'
import type { Checked } from '../check/check-entries.ts'
import type { CheckOptions } from '../check/check-options.ts'
import { checkRange } from '../check/check-range.ts'
import { headsOf, refUpdates } from './hook-updates.ts'

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
  const updates = refUpdates(await readStdin(host))
  const reader = await repository.objectReader()
  try {
    const { ids } = await headsOf(
      reader,
      updates.filter(({ ref }) => OWN_REFS.test(ref)),
    )
    if (ids.length === 0) return { findings: [], files: 0 }
    // What branches lead to was judged when they came to, or was fetched; tags and others may lead anywhere.
    const options = ['--not', '--branches', '--remotes']
    return await checkRange(repository, { ids, options }, { version, targets: [], sums: [] })
  } finally {
    reader.close()
  }
}
