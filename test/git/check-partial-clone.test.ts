import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  check,
  encrypted,
  repositoryIn,
  type ScratchRepository,
  scratchRepository,
  stage,
} from './scratch-repository.ts'

const PLAIN = 'db:\n  password: hunter2\n'

test('fetches what is missing at once, however many versions that are', async () => {
  const { clone, trace } = await partialClone()
  expect(check(clone, ['--range', 'HEAD~4..HEAD'], trace.options)).toEqual([
    'refuse plaintext secrets/3.yaml:2 db.password',
  ])
  expect(trace.fetches()).toBe(1)
  expect(check(clone, ['--all-history'], trace.options)).toHaveLength(1)
  expect(trace.fetches()).toBeLessThanOrEqual(2)
})

test('makes no connection in a hook, and finds what is new all the same', async () => {
  const { clone, trace } = await partialClone()
  clone.hooks('pre-commit', 'pre-push')
  stage(clone, { a: 'x' })
  expect(clone.tryGit(['commit', '--quiet', '--message=x'], trace.options).code).toBe(0)
  const id = clone.tryGit(['hash-object', '-w', '--stdin'], { input: PLAIN }).stdout.trim()
  clone.git('update-index', '--add', '--cacheinfo', `100644,${id},secrets/new.yaml`)
  expect(clone.tryGit(['commit', '--quiet', '--message=x'], trace.options).code).toBe(1)
  expect(trace.fetches()).toBe(0)
})

async function partialClone() {
  const repository = scratchRepository()
  repository.git('config', 'uploadpack.allowFilter', 'true')
  repository.git('config', 'uploadpack.allowAnySHA1InWant', 'true')
  for (let i = 0; i < 6; i++) {
    const text = i === 3 ? PLAIN : await encrypted(`a: ${i}\n`)
    repository.commit({ [`secrets/${i}.yaml`]: text })
  }
  repository.commit({ 'secrets/3.yaml': '' })
  const clone = repositoryIn(join(repository.top, '../clone'), repository.env)
  mkdirSync(clone.top)
  repository.git('clone', '--quiet', '--filter=blob:none', '--sparse', `file://${repository.top}`, clone.top)
  return { clone, trace: traced(clone) }
}

/** Counts the connections of git. */
function traced(repository: ScratchRepository) {
  const file = join(repository.top, '../trace')
  writeFileSync(file, '')
  return {
    options: { env: { GIT_TRACE: file } },
    fetches: () => readFileSync(file, 'utf8').match(/run_command: .*upload-pack/g)?.length ?? 0,
  }
}
