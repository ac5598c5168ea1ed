import { readStdin } from '../../host/files.ts'
import type { Host } from '../../host/host.ts'
import type { ObjectReader, Repository } from '../../vcs/repository.ts'
import type { Checked } from '../check/check-entries.ts'
import { pushedCopies } from '../check/check-notes.ts'
import type { CheckOptions } from '../check/check-options.ts'
import { checkRange } from '../check/check-range.ts'
import { commitsOf, distinct, headsOf, notUnderstood, refName, stashesIn, sumsOf, type Update } from './hook-updates.ts'

/** Somebody waits. */
const TIMEOUT_MS = 5000

/**
 * Judges the commits that a push would bring to a remote: those that it does not have, as far as is known here.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function beforePush(
  host: Host,
  repository: Repository,
  { args, version }: CheckOptions & { readonly args: readonly string[] },
): Promise<Checked> {
  const reader = await repository.objectReader()
  try {
    const { heads, ids, strays } = await headsOf(reader, await updatesOf(host, reader))
    if (ids.length === 0) return { findings: strays, files: 0 }
    const remote = remoteName(host, args)
    const main = remote === undefined ? undefined : await mainBranch(reader, remote)
    const olds = distinct(heads.map(({ old }) => old))
    const revisions = {
      ids: [...ids, ...olds.map((id) => `^${id}`)],
      // Without the name of a remote nobody knows what it has already.
      options: remote === undefined ? [] : ['--not', `--remotes=${remote}`],
    }
    const targets = distinct([...olds, main, ...stashesIn(heads)])
    const sums = await sumsOf(repository, heads, main)
    const checked = await checkRange(repository, revisions, { version, targets, sums, timeoutMs: TIMEOUT_MS })
    const copies = await pushedCopies(repository, reader, heads)
    return { ...checked, findings: [...checked.findings, ...strays, ...copies] }
  } finally {
    reader.close()
  }
}

/** What git says on stdin; or pre-commit, which reads that itself and has another language. */
async function updatesOf(host: Host, reader: ObjectReader): Promise<readonly Update[]> {
  const updates = pushedUpdates(await readStdin(host))
  const { PRE_COMMIT, PRE_COMMIT_FROM_REF, PRE_COMMIT_TO_REF, PRE_COMMIT_LOCAL_BRANCH } = host.env
  if (updates.length > 0 || !PRE_COMMIT) return updates
  // Where the remote has nothing yet, it says so by leaving out both ends.
  const ref = PRE_COMMIT_TO_REF || PRE_COMMIT_LOCAL_BRANCH || 'HEAD'
  const [id = '0', oldId = '0'] = await commitsOf(reader, [ref, PRE_COMMIT_FROM_REF || '0'])
  return [{ ref, id, oldId }]
}

/**
 * What git says of a push: `LOCAL-NAME ID REMOTE-NAME ID`, a line each. The first may be any expression, with spaces and line
 * breaks; the third has none of them, but what is a space elsewhere.
 *
 * @throws KmsfileError `GIT_FAILED` for what cannot be understood: it would be pushed unseen
 */
function pushedUpdates(bytes: Uint8Array): readonly Update[] {
  const text = Buffer.from(bytes).toString('latin1')
  const updates: Update[] = []
  let end = 0
  for (const line of text.matchAll(/([^\0]*?) ([0-9a-f]{40,64}) ([^ \n]+) ([0-9a-f]{40,64})(?:\n|$)/gy)) {
    const [whole, localRef = '', id = '', ref = '', oldId = ''] = line
    updates.push({ ref: refName(ref), id, oldId, localRef: refName(localRef) })
    end = line.index + whole.length
  }
  if (text.slice(end).trim() === '') return updates
  throw notUnderstood()
}

/** The remote's name; undefined where a URL stands for it. */
function remoteName({ env }: Host, [name, url]: readonly string[]): string | undefined {
  const given = name ?? env['PRE_COMMIT_REMOTE_NAME']
  return given === undefined || given === url || !/^[\w.][\w./-]*$/.test(given) ? undefined : given
}

/** The branch of a remote that others start from, as far as this clone knows. */
async function mainBranch(reader: ObjectReader, remote: string): Promise<string | undefined> {
  const found = await commitsOf(
    reader,
    ['HEAD', 'main', 'master'].map((name) => `refs/remotes/${remote}/${name}`),
  )
  return found.find((id) => id !== undefined)
}
