import type { Repository } from '../../vcs/repository.ts'
import { type Checked, checkEntries } from './check-entries.ts'
import { parseEntries } from './check-listing.ts'
import { openObjects } from './check-objects.ts'
import { type CheckOptions, problemsOf } from './check-options.ts'
import { policyLoader } from './check-policy.ts'
import { commitNamed } from './check-revisions.ts'
import { openVerdictCache } from './verdict-cache.ts'

/**
 * Judges the files of one commit by the rules in it.
 *
 * @throws KmsfileError `USAGE` where there is no such commit; `GIT_FAILED`
 */
export async function checkTree(repository: Repository, revision: string, { version }: CheckOptions): Promise<Checked> {
  const commit = await commitNamed(repository, revision)
  const reader = await openObjects(repository, { fetch: true })
  try {
    // --full-tree: also where git is started in a folder.
    const { stdout } = await repository.git(['ls-tree', '-r', '-z', '--full-tree', commit])
    const entries = parseEntries(stdout)
    const cache = await openVerdictCache(repository.commonDir, { version })
    const own = await policyLoader(reader).load(entries, `${commit}:`)
    const checked = await checkEntries(entries, {
      reader,
      cache,
      policy: own,
      reasons: { own, before: [] },
      strays: true,
    })
    await cache.save()
    const findings = [...problemsOf(own), ...checked.findings].map((finding) => ({ ...finding, commit }))
    const versions = () => checked.versions?.().map((version) => ({ ...version, commit })) ?? []
    return { ...checked, findings, versions }
  } finally {
    reader.close()
  }
}
