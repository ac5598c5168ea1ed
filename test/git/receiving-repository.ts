import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryIn, type ScratchRepository, scratchRepository } from './scratch-repository.ts'

export interface Receiving {
  readonly repository: ScratchRepository
  /** Bare, the remote `origin`, with kmsfile in the way of what is pushed to it. */
  readonly server: ScratchRepository
}

/** A repository with a server that has nothing yet. */
export function emptyServer(options: Parameters<typeof scratchRepository>[0] = {}): Receiving {
  const repository = scratchRepository(options)
  repository.git('init', '--quiet', '--bare', '--initial-branch=main', '../server.git')
  const server = repositoryIn(join(repository.top, '../server.git'), repository.env)
  server.hooks('pre-receive')
  repository.git('remote', 'add', 'origin', '../server.git')
  return { repository, server }
}

/** A repository with a server that has its first commit, in which the rules are. */
export function receivingServer(options: Parameters<typeof scratchRepository>[0] = {}): Receiving {
  const both = emptyServer(options)
  both.repository.git('push', '--quiet', 'origin', 'main')
  return both
}

/** Whether kmsfile refuses a push; anything else that goes wrong is an error. */
export function isRefused(
  repository: ScratchRepository,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): boolean {
  const { code, stderr } = repository.tryGit(['push', '--quiet', ...args], { env })
  if (code !== 0 && !stderr.includes('kmsfile: refused')) throw new Error(stderr)
  return code !== 0
}

/** Counts the processes of git that checks start: nobody else reads objects as they are stored. */
export function countedProcesses(repository: ScratchRepository) {
  const file = join(repository.top, '../processes')
  return {
    env: { GIT_TRACE2_EVENT: file },
    /** Since the last time. */
    count(): number {
      const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
      writeFileSync(file, '')
      return lines.filter((line) => line.includes('"event":"start"') && line.includes('"--no-replace-objects"')).length
    },
  }
}
