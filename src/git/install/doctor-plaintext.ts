import { type Check, problemOf } from '../../operations/doctor-check.ts'
import type { Repository } from '../../vcs/repository.ts'
import { type Scrubbing, surveyPlaintext } from '../scrub/scrub.ts'

/** Plaintext that git keeps in this clone although no commit has it: what was added and refused, stashed, amended away. */
export async function checkKeptPlaintext(
  repository: Repository,
  { version }: { readonly version: string },
): Promise<readonly Check[]> {
  try {
    return kept(await surveyPlaintext(repository, { version })).map((message) => ({
      about: 'plaintext',
      state: 'warning',
      message,
      hint: 'see what there is, and remove it: kmsfile git scrub',
    }))
  } catch (error) {
    return [problemOf('plaintext', error)]
  }
}

function kept({ stashes, reflog, lost, traces }: Scrubbing): readonly string[] {
  // A content that is readable and nothing more is most likely no secret.
  const known = lost.flatMap(({ path }) => path ?? [])
  const others = traces.filter(({ kind }) => kind !== 'textconv-cache')
  return [
    ...stashes.map(({ name, paths }) => `${name} holds plaintext: ${listed(paths)}`),
    ...(reflog.length > 0
      ? [`commits that only the reflog knows hold plaintext: ${listed(reflog.map(({ path }) => path))}`]
      : []),
    ...(known.length > 0 ? [`git keeps plaintext that nothing leads to: ${listed(known)}`] : []),
    ...(others.length > 0
      ? [`what git wrote beside its objects holds plaintext: ${listed(others.map(({ name }) => name))}`]
      : []),
  ]
}

function listed(names: readonly string[]): string {
  const [first = '', ...others] = new Set(names)
  return others.length === 0 ? first : `${first} and ${others.length} more`
}
