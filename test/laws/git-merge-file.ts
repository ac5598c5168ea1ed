import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ThreeWay } from '../../src/core/merge-sequences.ts'

/** What `git merge-file` prints; undefined where it finds conflicts. */
export function gitMerge(folder: string, texts: ThreeWay<string>): string | undefined {
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text)
  const args = ['merge-file', '-p', '--quiet', 'ours', 'base', 'theirs']
  const env = { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' }
  const { status, stdout } = spawnSync('git', args, { cwd: folder, env, encoding: 'utf8' })
  return status === 0 ? stdout : undefined
}
