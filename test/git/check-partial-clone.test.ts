import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { leaksIn } from './leak-search.ts'
import { mergeRepository } from './merge-repository.ts'
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

test.each(['tree:0', 'blob:limit=10', 'blob:none'])(
  'does so in a clone that was made with --filter=%s',
  async (filter) => {
    const { clone, trace } = await partialClone(filter)
    for (const args of [['--range', 'HEAD~4..HEAD'], ['--all-history']]) {
      const before = trace.fetches()
      expect(check(clone, args, trace.options)).toEqual(['refuse plaintext secrets/3.yaml:2 db.password'])
      expect(trace.fetches() - before).toBeLessThanOrEqual(filter === 'tree:0' ? 2 : 1)
    }
  },
)

test('fetches what the search for leaks needs as well, at once', async () => {
  const repository = mergeRepository()
  allowFilters(repository)
  await repository.saved('password: x7Kp9qLm2V-old\n')
  repository.commit({ notes: 'x7Kp9qLm2V-old\n' })
  repository.commit({ notes: '' })
  const clone = cloneOf(repository, 'blob:none')
  const trace = traced(clone)
  expect(leaksIn(clone, '--all-history')).toEqual([expect.stringContaining(' notes:1 password a secret of ')])
  // The clone fetched what it checked out; the log has what came since.
  const { code } = clone.kmsfile(['git', 'check', '--leaks', '--all-history'], trace.options)
  expect(code).toBe(1)
  expect(trace.fetches()).toBe(0)
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

async function partialClone(filter = 'blob:none') {
  const repository = scratchRepository()
  allowFilters(repository)
  for (let i = 0; i < 6; i++) {
    const text = i === 3 ? PLAIN : await encrypted(`a: ${i}\n`)
    repository.commit({ [`secrets/${i}.yaml`]: text })
  }
  repository.commit({ 'secrets/3.yaml': '' })
  const clone = cloneOf(repository, filter)
  return { clone, trace: traced(clone) }
}

function allowFilters(repository: ScratchRepository): void {
  repository.git('config', 'uploadpack.allowFilter', 'true')
  repository.git('config', 'uploadpack.allowAnySHA1InWant', 'true')
}

function cloneOf(repository: ScratchRepository, filter: string): ScratchRepository {
  const clone = repositoryIn(join(repository.top, '../clone'), repository.env)
  mkdirSync(clone.top)
  repository.git('clone', '--quiet', `--filter=${filter}`, '--sparse', `file://${repository.top}`, clone.top)
  return clone
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
