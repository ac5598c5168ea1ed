import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'vitest'
import { expectNoLeak } from './leaks.ts'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

export const PATTERN = 'secrets/**'
export const OLD = 'hunter2-of-old'
export const NEW = 'n3w-and-s3cret'
export const HOST = 'db-internal-host'

export const plain = (password: string, host = HOST) =>
  `# the database\nhost: ${host}\npassword: ${password} # long\nport: 5432\n`

export interface TransparentRepository extends MergeRepository {
  /** The content of a path in the index, or in a revision. */
  stored(path?: string, revision?: string): string
  /** What git says of the work tree and of the index; empty where nothing differs. */
  status(): string
  /** Fails where git keeps a secret in the clear, or somebody left one in a temporary folder. */
  expectNoLeak(...secrets: readonly string[]): void
}

export interface TransparentOptions {
  /** What is committed before the mode is switched on. */
  readonly files?: Readonly<Record<string, string>>
  /** Options for the installation. */
  readonly options?: readonly string[]
}

/** A repository with encrypted files, which lie in the work tree as plaintext. */
export async function transparentRepository({
  files = { [FILE]: plain(OLD) },
  options = ['--transparent', PATTERN],
}: TransparentOptions = {}): Promise<TransparentRepository> {
  const repository = mergeRepository()
  const run = (args: readonly string[]) => {
    const { code, stderr } = repository.kmsfile(args)
    if (code !== 0) throw new Error(stderr)
  }
  run(['git', 'install', '--guard'])
  for (const [path, text] of Object.entries(files)) await repository.save(text, path)
  repository.commit({}, 'one')
  if (options.length > 0) run(['git', 'install', ...options])
  return extended(repository)
}

export function extended(repository: MergeRepository): TransparentRepository {
  return {
    ...repository,
    stored: (path = FILE, revision = '') => repository.git('cat-file', 'blob', `${revision}:${path}`),
    status: () => repository.git('status', '--porcelain', '--untracked-files=all'),
    expectNoLeak: (...secrets) => expectNoLeak(repository.top, secrets, [join(repository.home, 'tmp')]),
  }
}

/** Fails where git takes any file for changed, whether it looks at its times or at its content. */
export function expectClean(repository: TransparentRepository): void {
  expect(repository.status()).toBe('')
  touch(repository)
  expect(repository.status()).toBe('')
  expect(repository.git('diff', 'HEAD', '--stat')).toBe('')
}

/** Gives all files of the work tree other times, so that git has to look at what is in them. */
export function touch({ top, env }: Pick<TransparentRepository, 'top' | 'env'>): void {
  const script = 'git ls-files -z | xargs -0 touch -c -d 2001-01-01T00:00:00'
  execFileSync('/bin/sh', ['-c', script], { cwd: top, env })
}

/** The keys of the lines in which two texts differ; the time is left out, in which they differ or not. */
export function changedLines(before: string, after: string): readonly string[] {
  const [old, now] = [before, after].map((text) => text.split('\n')) as [string[], string[]]
  expect(now.length).toBe(old.length)
  const keys = now.flatMap((line, i) => (line === old[i] ? [] : [line.trim().replace(/:.*/, '')]))
  return keys.filter((key) => key !== 'lastmodified')
}
