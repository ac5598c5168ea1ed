import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { hostIn, scratch, type TestHost } from '../host/scratch.ts'

export interface GitRepository {
  readonly top: string
  readonly host: TestHost
  /** Runs git at the top; what it printed. */
  git(...args: string[]): string
  write(path: string, content: string | Uint8Array): void
  /** Writes, stages and commits. */
  commit(files: Readonly<Record<string, string | Uint8Array>>): void
}

/** What git needs to be the same on every machine. */
export const GIT_ENV: Readonly<Record<string, string | undefined>> = {
  PATH: process.env['PATH'],
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.com',
}

/** A new repository, gone after the test. */
export function gitRepository(top = scratch(), ...initArgs: string[]): GitRepository {
  const env = { ...GIT_ENV, HOME: top }
  const git = (...args: string[]) => execFileSync('git', args, { cwd: top, env, encoding: 'utf8', stdio: 'pipe' })
  const write = (path: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(top, path)), { recursive: true })
    writeFileSync(join(top, path), content)
  }
  git('init', '--quiet', '--initial-branch=main', ...initArgs)
  return {
    top,
    host: hostIn(top, { env }),
    git,
    write,
    commit(files) {
      for (const [path, content] of Object.entries(files)) write(path, content)
      git('add', '--all')
      git('commit', '--quiet', '--message=x')
    },
  }
}
