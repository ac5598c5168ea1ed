import { KmsfileError } from '../../errors.ts'
import type { Host } from '../../host/host.ts'
import type { Finding } from '../check/finding.ts'
import type { Guard } from './filter-guard-judge.ts'
import { convertOnce, type Filter, talkToGit } from './filter-process.ts'

export interface FilterOptions {
  readonly guard: Guard
  /** Says what is refused, and what follows: what somebody lets pass is not in it. */
  readonly refuse: (findings: readonly Finding[]) => boolean
}

/**
 * Is git's long-running filter, in which contents pass as they are, both ways; on their way into the repository those in which
 * something is wrong are refused, so that git writes no object.
 *
 * @throws KmsfileError those of `talkToGit`
 */
export async function runFilterProcess(host: Pick<Host, 'stdin' | 'stdout'>, options: FilterOptions): Promise<void> {
  await talkToGit(host, guardFilter(options))
}

/**
 * The filter for one content, from stdin to stdout, for what knows no long-running ones. True where it passes.
 *
 * @throws KmsfileError `FILE_TOO_LARGE`
 */
export async function runFilterOnce(host: Host, path: string, { guard, refuse }: FilterOptions): Promise<boolean> {
  const { maxBytes, judge } = await guard.at(path)
  const convert = async (content: Uint8Array | undefined) => (refuse(await judge(content)) ? undefined : content)
  return convertOnce(host, { maxBytes, convert })
}

function guardFilter({ guard, refuse }: FilterOptions): Filter {
  return {
    async clean(path) {
      // Whatever goes wrong here must not end the process: git would take that for an answer to all files.
      const guarded = await guard.at(path).catch(asFinding(path))
      if ('verdict' in guarded) {
        // Somebody may let it pass all the same.
        const convert = async (content: Uint8Array | undefined) => (refuse([guarded]) ? undefined : content)
        return { maxBytes: undefined, convert }
      }
      const { maxBytes, judge } = guarded
      return {
        maxBytes,
        async convert(content) {
          const findings = await judge(content).catch((error) => [asFinding(path)(error)])
          return refuse(findings) ? undefined : content
        },
      }
    },
  }
}

/** What cannot be judged is not let through. */
function asFinding(path: string): (error: unknown) => Finding {
  return (error) => {
    if (!(error instanceof KmsfileError)) throw error
    return { verdict: 'unreadable', severity: 'refuse', path, message: error.message }
  }
}
