import { readStdin } from '../host/files.ts'
import type { Host } from '../host/host.ts'
import type { ObjectReader, Repository } from '../vcs/repository.ts'
import type { Checked } from './check-entries.ts'
import type { CheckOptions } from './check-options.ts'
import { checkRange } from './check-range.ts'
import { commitsOf, distinct, headsOf, sumsOf, type Update } from './hook-updates.ts'

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
    const targets = distinct([...olds, main])
    const sums = await sumsOf(repository, heads, main)
    const checked = await checkRange(repository, revisions, { version, targets, sums, timeoutMs: TIMEOUT_MS })
    return { ...checked, findings: [...checked.findings, ...strays] }
  } finally {
    reader.close()
  }
}

/** What git says on stdin; or pre-commit, which reads that itself and has another language. */
async function updatesOf(host: Host, reader: ObjectReader): Promise<readonly Update[]> {
  const text = Buffer.from(await readStdin(host)).toString('utf8')
  // `LOCAL-NAME ID REMOTE-NAME ID`; the first may be any expression.
  const lines = text.matchAll(/^.* ([0-9a-f]{40,64}) (\S+) ([0-9a-f]{40,64})$/gm)
  const updates = Array.from(lines, ([, id = '', ref = '', oldId = '']) => ({ ref, id, oldId }))
  const { PRE_COMMIT, PRE_COMMIT_FROM_REF, PRE_COMMIT_TO_REF, PRE_COMMIT_LOCAL_BRANCH } = host.env
  if (updates.length > 0 || !PRE_COMMIT) return updates
  // Where the remote has nothing yet, it says so by leaving out both ends.
  const ref = PRE_COMMIT_TO_REF || PRE_COMMIT_LOCAL_BRANCH || 'HEAD'
  const [id = '0', oldId = '0'] = await commitsOf(reader, [ref, PRE_COMMIT_FROM_REF || '0'])
  return [{ ref, id, oldId }]
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
