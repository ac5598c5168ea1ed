import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { KmsfileError } from '../../errors.ts'
import type { Host } from '../../host/host.ts'
import type { Repository } from '../../vcs/repository.ts'
import type { CheckOptions } from '../check/check-options.ts'
import { ownRepository } from '../check/check-repository.ts'
import { type Finding, refuses } from '../check/finding.ts'
import type { Occasion } from '../check/report-text.ts'
import { withoutAllowed } from './hook-allowed.ts'
import { noteSaid, type Remarks, wasSaid } from './hook-said.ts'

export interface HookCall extends CheckOptions {
  /** As git names it: `pre-commit`. */
  readonly event: string
  readonly args: readonly string[]
}

export interface HookResult {
  /** Without those that somebody lets pass. */
  readonly findings: readonly Finding[]
  readonly occasion: Occasion
  /** The file that the environment lets pass, where there was something to let pass. */
  readonly allowed?: string | undefined
}

/**
 * Does what kmsfile does in a hook of git; undefined where there is nothing to be said of it. Nothing is changed but
 * {@link cutMessage}'s file, neither index nor work tree.
 *
 * @throws KmsfileError `USAGE` for a hook in which there is nothing to do; `GIT_FAILED`, `GIT_NOT_A_REPOSITORY`
 */
export async function runHook(host: Host, call: HookCall): Promise<HookResult | undefined> {
  const repository = await ownRepository(host)
  switch (call.event) {
    case 'pre-commit':
    case 'prepare-commit-msg':
    case 'pre-merge-commit':
    case 'pre-applypatch':
      return beforeCommit(host, repository, call)
    case 'pre-push': {
      const { beforePush } = await import('./hook-push.ts')
      const occasion = { done: 'pushed', command: 'git push ...' } as const
      return { ...withoutAllowed((await beforePush(host, repository, call)).findings, host), occasion }
    }
    case 'pre-receive': {
      const { beforeReceive } = await import('./hook-receive.ts')
      // Who pushes has no say in the environment here, and whoever runs the server has a configuration.
      const { findings } = await beforeReceive(host, repository, call)
      return { findings, occasion: { done: 'accepted' } }
    }
    case 'reference-transaction': {
      const { beforeRefs } = await import('./hook-refs.ts')
      const occasion = { done: 'committed', command: 'git ...' } as const
      return { ...withoutAllowed((await beforeRefs(host, repository, call)).findings, host), occasion }
    }
    case 'post-commit': {
      const { cutMessage } = await import('./hook-message.ts')
      await cutMessage(repository)
      return undefined
    }
    default:
      throw new KmsfileError(`kmsfile has nothing to do in the hook ${JSON.stringify(call.event)}`, { code: 'USAGE' })
  }
}

async function beforeCommit(host: Host, repository: Repository, call: HookCall): Promise<HookResult> {
  const { checkIndex } = await import('../check/check-index.ts')
  const { version, event } = call
  const options = { version, isMerging: event === 'pre-merge-commit', workTree: event === 'pre-commit' }
  const { findings: all, reminders } = await checkIndex(repository, options)
  const { findings, allowed } = withoutAllowed(all, host)
  const occasion: Occasion = { done: 'committed', command: commandOf(call.event, repository) }
  if (refuses(findings)) {
    // git wrote the message, with the diff that `--verbose` shows, and nobody comes back to it now.
    const { cutMessage } = await import('./hook-message.ts')
    await cutMessage(repository)
    return { findings, occasion, allowed }
  }
  // Of the hooks of one commit each may run alone, and what stops nothing is said by the first.
  const remarks: Remarks = { notes: findings, allowed }
  const now = host.now()
  if (call.event !== 'prepare-commit-msg') {
    await noteSaid(repository, remarks, now)
    return { findings: [...findings, ...reminders], occasion, allowed }
  }
  return (await wasSaid(repository, remarks, now)) ? { findings: [], occasion } : { findings, occasion, allowed }
}

/** The command that git is carrying out, for who has to give it once more. */
function commandOf(event: string, { gitDir }: Repository): string {
  const isUnderWay = (name: string) => existsSync(join(gitDir, name))
  if (event === 'pre-applypatch' || isUnderWay('rebase-apply/applying')) return 'git am --continue'
  if (isUnderWay('rebase-merge') || isUnderWay('rebase-apply')) return 'git rebase --continue'
  if (event === 'pre-merge-commit') return 'git merge ...'
  if (isUnderWay('CHERRY_PICK_HEAD')) return 'git cherry-pick --continue'
  if (isUnderWay('REVERT_HEAD')) return 'git revert --continue'
  if (isUnderWay('MERGE_HEAD')) return 'git merge --continue'
  return 'git commit ...'
}
