import { expect, test } from 'vitest'
import { check, encrypted, type ScratchRepository, scratchRepository, stage } from './scratch-repository.ts'

const FILE = 'secrets/x.yaml'

test('an earlier version of a file is named when it is staged', async () => {
  const [repository, [first = '', second = '', third = '']] = await withVersions()
  stage(repository, { [FILE]: second })
  expect(messages(repository)).toEqual([`note rolled-back: is an earlier version again`])
  stage(repository, { [FILE]: first })
  expect(messages(repository)).toEqual([`note rolled-back: is an earlier version again`])
  stage(repository, { [FILE]: third })
  expect(messages(repository)).toEqual([])
})

test('a MAC of an earlier version on something else is refused when it is staged', async () => {
  const [repository, [first = '']] = await withVersions()
  stage(repository, { [FILE]: first.replace('b:', 'c:') })
  expect(messages(repository)).toEqual([
    'refuse mac-replayed: has the MAC of an earlier version, and is not that version',
  ])
  repository.hooks('pre-commit')
  expect(repository.tryGit(['commit', '--message=x']).code).toBe(1)
})

test('a version of long ago that nobody had here is only said to be older', async () => {
  const [repository] = await withVersions()
  stage(repository, { [FILE]: await encrypted('b: 9\n', { now: new Date('2025-01-01T00:00:00Z') }) })
  expect(messages(repository)).toEqual(['note rolled-back: says that it is older than the version before'])
})

test('a version that a branch had which was merged is an earlier one, too', async () => {
  const [repository, [, , third = '']] = await withVersions()
  repository.git('checkout', '--quiet', '-b', 'other', 'HEAD~1')
  const aside = await version(9, '2026-02-15T00:00:00Z')
  repository.commit({ [FILE]: aside })
  repository.git('checkout', '--quiet', 'main')
  repository.git('merge', '--quiet', '--strategy=ours', '--message=x', 'other')
  expect(repository.git('show', `HEAD:${FILE}`)).toBe(third)
  stage(repository, { [FILE]: aside })
  expect(messages(repository)).toEqual(['note rolled-back: is an earlier version again'])
})

async function withVersions(): Promise<readonly [ScratchRepository, readonly string[]]> {
  const repository = scratchRepository()
  const versions: string[] = []
  for (const month of [1, 2, 3]) {
    versions.push(await version(month, `2026-0${month}-01T00:00:00Z`))
    repository.commit({ [FILE]: versions.at(-1) as string, 'secrets/other.yaml': await encrypted(`x: ${month}\n`) })
  }
  return [repository, versions]
}

function version(value: number, time: string): Promise<string> {
  return encrypted(`b: ${value}\n`, { now: new Date(time) })
}

function messages(repository: ScratchRepository): readonly string[] {
  expect(check(repository).every((line) => line.endsWith(FILE))).toBe(true)
  const { stdout } = repository.kmsfile(['git', 'check', '--json'])
  const { findings } = JSON.parse(stdout) as { findings: readonly Readonly<Record<string, string>>[] }
  return findings.map(({ severity, verdict, message }) => `${severity} ${verdict}: ${message}`)
}
