// Scratch repositories with a git that knows nothing of this machine.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

const IDENTITY = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ana',
  GIT_AUTHOR_EMAIL: 'ana@example.com',
  GIT_COMMITTER_NAME: 'Ana',
  GIT_COMMITTER_EMAIL: 'ana@example.com',
}

/** An empty repository below the scratch folder: a place for `runOnce`, with `git` besides. */
export function gitIn(place, name, env = {}) {
  const work = join(place.scratch, name)
  mkdirSync(work)
  const all = { ...place.env, ...IDENTITY, ...env }
  const git = (...args) =>
    execFileSync('git', args, { cwd: work, env: all, stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28 })
  git('init', '--quiet', '--initial-branch=main')
  return { ...place, work, env: all, git }
}
