import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { mentionsEncryption } from '../../operations/inspect.ts'
import type { Repository } from '../../vcs/repository.ts'
import { transparentAmong } from '../filters/transparent-paths.ts'
import { type Finding, refuses } from './finding.ts'
import { judgeContent } from './judge-content.ts'
import { demandFinder } from './judge-demand.ts'
import type { Policy } from './policy.ts'

/** Files that are looked at: somebody waits, and it is only to remind them. */
const MAX_FILES = 5000
const MAX_BYTES = 1024 * 1024

/**
 * Notes tracked secrets files that lie in the work tree as plaintext, though nobody commits them so: the next `git add --all`
 * would. Those that lie there so on purpose are left out.
 */
export async function readableInWorkTree(
  repository: Repository,
  paths: readonly string[],
  { policy }: { readonly policy: Policy },
): Promise<readonly Finding[]> {
  const demandOf = demandFinder(policy)
  const readable: string[] = []
  for (const path of paths.slice(0, MAX_FILES)) {
    const content = readNow(join(repository.topLevel, path))
    if (content === undefined || mentionsEncryption(content)) continue
    const demand = demandOf(path)
    if (demand?.managed === true && refuses(await judgeContent(content, demand))) readable.push(path)
  }
  const wanted = new Set(await transparentAmong(repository, readable))
  const message = 'plaintext in the work tree, which this commit does not take'
  return readable
    .filter((path) => !wanted.has(path))
    .map((path) => ({ verdict: 'plaintext', severity: 'note', path, message }))
}

/**
 * The content of a file that is one and not too large. One after the other: thousands of small files take a fifth of the time that
 * they take with a promise each.
 */
function readNow(file: string): Uint8Array | undefined {
  let handle: number | undefined
  try {
    // No link is followed, and no pipe waited for.
    handle = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
    const kind = fstatSync(handle)
    return kind.isFile() && kind.size <= MAX_BYTES ? readFileSync(handle) : undefined
  } catch {
    return undefined
  } finally {
    if (handle !== undefined) closeSync(handle)
  }
}
