import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { encrypted, type ScratchRepository, scratchRepository, stage } from './scratch-repository.ts'

const MANAGED = 2000
const FILES = 10_000

test('a commit in a repository of ten thousand files starts three processes of git, whatever is known of them', async () => {
  const repository = await large()
  for (const change of ['a new secret', 'another']) {
    repository.remove('.git/kmsfile')
    stage(repository, { 'secrets/0.yaml': await encrypted(`a: ${change}\n`), 'notes/0': change })
    const [cold, warm] = [gitStartsIn(repository), gitStartsIn(repository)]
    expect(cold).toHaveLength(3)
    expect(warm).toHaveLength(3)
  }
  stage(repository, { 'secrets/1.yaml': 'a: hunter2\n' })
  expect(gitStartsIn(repository, 1)).toHaveLength(3)
})

test('history is asked for only where a file says that it is older than before: two processes more', async () => {
  const repository = scratchRepository()
  const at = (time: string) => encrypted('a: hunter2\n', { now: new Date(time) })
  const [old, next] = [await at('2026-01-02T03:04:05Z'), await at('2026-02-02T03:04:05Z')]
  repository.commit({ 'secrets/x.yaml': old })
  repository.commit({ 'secrets/x.yaml': next })
  stage(repository, { 'secrets/x.yaml': await at('2026-03-02T03:04:05Z') })
  expect(gitStartsIn(repository)).toHaveLength(3)
  stage(repository, { 'secrets/x.yaml': old })
  expect(gitStartsIn(repository)).toHaveLength(5)
})

/** Of which {@link MANAGED} are secrets files, each with a content of its own. */
async function large(): Promise<ScratchRepository> {
  const repository = scratchRepository()
  const text = await encrypted('a: hunter2\n')
  const entry = (path: string, content: string) =>
    `M 100644 inline ${path}\ndata ${Buffer.byteLength(content)}\n${content}\n`
  const files = Array.from({ length: FILES }, (_, i) =>
    i < MANAGED ? entry(`secrets/${i}.yaml`, text.replace('a: ', `a${i}: `)) : entry(`notes/${i - MANAGED}`, `${i}`),
  )
  const head =
    'commit refs/heads/main\ncommitter a <a@example.com> 1700000000 +0000\ndata 1\nx\nfrom refs/heads/main^0\n'
  expect(repository.tryGit(['fast-import', '--quiet'], { input: `${head}${files.join('')}` }).code).toBe(0)
  repository.git('read-tree', 'HEAD')
  expect(repository.git('ls-files').split('\n')).toHaveLength(FILES + 2)
  return repository
}

/** The command lines of git that a commit hook starts. */
function gitStartsIn(repository: ScratchRepository, code = 0): readonly string[] {
  const trace = join(repository.top, '../trace')
  writeFileSync(trace, '')
  expect(repository.kmsfile(['git', 'hook', 'pre-commit'], { env: { GIT_TRACE2_EVENT: trace } }).code).toBe(code)
  return readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"event":"start"'))
}
