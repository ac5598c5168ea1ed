import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

export const SECRETS = ['hunter2-of-old', 'n3w-and-s3cret'] as const

export const plain = (password: string) => `host: db.internal\npassword: ${password}\n`

/** A repository with two versions of a file, in which git calls kmsfile. */
export async function installedRepository(...args: string[]): Promise<MergeRepository> {
  const repository = mergeRepository()
  const { code, stderr } = repository.kmsfile(['git', 'install', ...args])
  if (code !== 0) throw new Error(stderr)
  for (const secret of SECRETS) await repository.saved(plain(secret), FILE)
  return repository
}
