import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { expectNoLeak } from './leaks.ts'
import { countedProcesses, emptyServer, isRefused, receivingServer } from './receiving-repository.ts'
import { encrypted, repositoryIn, type ScratchRepository } from './scratch-repository.ts'

const VALUE = 'correct-horse-battery-staple'
const PLAIN = `db:\n  password: ${VALUE}\n`
const SECRET = 'secrets/x.yaml'

describe('a push of many refs', () => {
  test('is judged as a whole, whatever they are, and one that is bad keeps all of them out', async () => {
    const { repository, server } = receivingServer()
    repository.commit({ [SECRET]: await encrypted(PLAIN) })
    for (let i = 0; i < 60; i++) repository.git('branch', `many/${i}`)
    repository.git('tag', '-a', '-m', 'x', 'v1')
    repository.git('tag', '-a', '-m', 'x', 'v2', 'v1')
    repository.git('notes', 'add', '-m', 'a note')
    const processes = countedProcesses(repository)
    const all = ['origin', 'refs/heads/*:refs/heads/*', 'refs/tags/*:refs/tags/*', 'refs/notes/*:refs/notes/*']
    processes.count()
    expect(isRefused(repository, all, processes.env)).toBe(false)
    // Twenty of them are compared with where they leave the main branch.
    expect(processes.count()).toBeLessThan(60)
    expect(server.git('for-each-ref').trim().split('\n')).toHaveLength(64)

    repository.git('checkout', '--quiet', 'many/7')
    repository.commit({ [SECRET]: PLAIN })
    repository.git('checkout', '--quiet', 'main')
    repository.commit({ a: '1' })
    const before = server.git('for-each-ref')
    expect(isRefused(repository, [...all, ':many/8', ':refs/tags/v1'])).toBe(true)
    expect(server.git('for-each-ref')).toBe(before)
    expectNoLeak(server.top, [VALUE])

    expect(isRefused(repository, ['origin', 'main', ':many/8', ':refs/tags/v1', '--force', 'many/9~1:many/9'])).toBe(
      false,
    )
    expect(server.git('for-each-ref').trim().split('\n')).toHaveLength(62)
  })

  test('that only deletes some needs no look at anything', () => {
    const { repository } = receivingServer()
    expect(isRefused(repository, ['origin', 'main:a', 'main:b'])).toBe(false)
    const processes = countedProcesses(repository)
    processes.count()
    expect(isRefused(repository, ['origin', ':a', ':b'], processes.env)).toBe(false)
    expect(processes.count()).toBeLessThanOrEqual(1)
  })
})

describe('a ref that leads to no commit is refused', () => {
  test.each([
    ['a content', (repository: ScratchRepository) => repository.git('rev-parse', `HEAD:${SECRET}`).trim()],
    ['a tree', (repository: ScratchRepository) => repository.git('rev-parse', 'HEAD:secrets').trim()],
    ['a tag of a content', (repository: ScratchRepository) => tagged(repository, `HEAD:${SECRET}`)],
    [
      'a tag of a tag of a tree',
      (repository: ScratchRepository) => tagged(repository, tagged(repository, 'HEAD:secrets')),
    ],
  ])('%s', (_, target) => {
    const { repository, server } = receivingServer()
    repository.commit({ [SECRET]: PLAIN })
    for (const ref of ['refs/tags/x', 'refs/x/y', 'refs/notes/x']) {
      expect([ref, isRefused(repository, ['origin', `${target(repository)}:${ref}`])]).toEqual([ref, true])
    }
    expectNoLeak(server.top, [VALUE])
  })
})

describe('what comes from a clone without all commits', () => {
  const shallowClone = (repository: ScratchRepository) => {
    repository.git('clone', '--quiet', '--depth=1', `file://${repository.top}/../server.git`, '../shallow')
    return repositoryIn(join(repository.top, '../shallow'), repository.env)
  }

  test('is judged, by the hook there and by the server', async () => {
    const { repository, server } = receivingServer()
    repository.commit({ [SECRET]: await encrypted(PLAIN) })
    repository.git('push', '--quiet', 'origin', 'main')
    const shallow = shallowClone(repository)
    shallow.commit({ a: '1' })
    shallow.hooks('pre-push')
    expect(isRefused(shallow, ['origin', 'main'])).toBe(false)
    shallow.commit({ [SECRET]: PLAIN })
    expect(isRefused(shallow, ['origin', 'main', 'main:new'])).toBe(true)
    shallow.noHooks()
    expect(isRefused(shallow, ['origin', 'main', 'main:new'])).toBe(true)
    expectNoLeak(server.top, [VALUE])
  })

  test('is judged where the server takes it without what came before', async () => {
    const { repository } = receivingServer()
    repository.commit({ [SECRET]: PLAIN })
    repository.noHooks()
    repository.git('init', '--quiet', '--bare', '--initial-branch=main', '../fresh.git')
    const fresh = repositoryIn(join(repository.top, '../fresh.git'), repository.env)
    fresh.git('config', 'receive.shallowUpdate', 'true')
    fresh.hooks('pre-receive')
    const shallow = shallowClone(repository)
    shallow.commit({ [SECRET]: PLAIN })
    const { code } = shallow.tryGit(['push', '--quiet', '../fresh.git', 'main'])
    expect(code).not.toBe(0)
    expectNoLeak(fresh.top, [VALUE])
    shallow.git('reset', '--quiet', '--hard', 'HEAD~1')
    shallow.commit({ [SECRET]: await encrypted(PLAIN) })
    expect(isRefused(shallow, ['../fresh.git', 'main'])).toBe(false)
  })
})

test('notes are judged as other commits are', async () => {
  const { repository, server } = receivingServer()
  const id = repository.tryGit(['hash-object', '-w', '--stdin'], { input: PLAIN }).stdout.trim()
  repository.git('read-tree', '--empty')
  repository.git('update-index', '--add', '--cacheinfo', `100644,${id},${SECRET}`)
  const tree = repository.git('write-tree').trim()
  repository.git('update-ref', 'refs/notes/x', repository.git('commit-tree', '-m', 'x', tree).trim())
  expect(isRefused(repository, ['origin', 'refs/notes/x'])).toBe(true)
  expectNoLeak(server.top, [VALUE])
})

test('options of a push change nothing', () => {
  const { repository, server } = receivingServer()
  server.git('config', 'receive.advertisePushOptions', 'true')
  repository.commit({ [SECRET]: PLAIN })
  for (const option of ['kmsfile.skip', `KMSFILE_ALLOW_PLAINTEXT=${SECRET}`, 'ci.skip']) {
    expect(isRefused(repository, [`--push-option=${option}`, 'origin', 'main'])).toBe(true)
  }
})

test('what is refused leaves nothing, though it comes in parts: objects, packs, whatever the server makes of them', () => {
  const { repository, server } = receivingServer()
  repository.commit({ [SECRET]: PLAIN, big: 'x'.repeat(100_000) })
  for (const unpackLimit of ['1', '1000']) {
    server.git('config', 'receive.unpackLimit', unpackLimit)
    expect(isRefused(repository, ['origin', 'main'])).toBe(true)
    expectNoLeak(server.top, [VALUE])
    expect(server.git('for-each-ref').trim().split('\n')).toHaveLength(1)
  }
})

describe('the server may set limits', () => {
  test('to how many versions of files come at once', async () => {
    const { repository, server } = receivingServer()
    for (let i = 0; i < 4; i++) repository.commit({ [`secrets/${i}.yaml`]: await encrypted(`a: ${i}\n`) })
    server.git('config', 'kmsfile.maxVersions', '3')
    const { code, stderr } = repository.tryGit(['push', '--quiet', 'origin', 'main'])
    expect(code).toBe(1)
    expect(stderr).toContain('more than 3 versions of files')
    server.git('config', 'kmsfile.maxVersions', '4')
    expect(isRefused(repository, ['origin', 'main'])).toBe(false)
  })

  test('to how large a secrets file may be, and to no other', async () => {
    const { repository, server } = receivingServer()
    server.git('config', 'kmsfile.maxBytes', '8k')
    repository.commit({ 'large.bin': 'x'.repeat(20_000), [SECRET]: await encrypted('a: 1\n') })
    expect(isRefused(repository, ['origin', 'main'])).toBe(false)
    repository.commit({ [SECRET]: await encrypted(`a: ${'x'.repeat(20_000)}\n`) })
    const { code, stderr } = repository.tryGit(['push', '--quiet', 'origin', 'main'])
    expect(code).toBe(1)
    expect(stderr).toContain(`${SECRET}   too large to be checked`)
  })

  test('and one that is no number stops everything, since it would be none', () => {
    const { repository, server } = receivingServer()
    repository.commit({ a: '1' })
    for (const [name, value] of [
      ['kmsfile.maxBytes', 'many'],
      ['kmsfile.maxVersions', '-1'],
      ['kmsfile.maxVersions', '0'],
    ] as const) {
      server.git('config', name, value)
      const { code, stderr } = repository.tryGit(['push', '--quiet', 'origin', 'main'])
      expect([code, stderr.includes('CONFIG_INVALID')]).toEqual([1, true])
      server.git('config', '--unset', name)
    }
  })
})

test('takes ten thousand commits in one push, with a handful of processes', async () => {
  const { repository, server } = emptyServer()
  const good = await encrypted(PLAIN)
  const history = (last: string) =>
    Array.from({ length: 10_000 }, (_, i) => {
      const from = i === 0 ? 'from refs/heads/main^0\n' : ''
      const head = `commit refs/heads/long\ncommitter a <a@example.com> ${1_700_000_000 + i} +0000\ndata 1\nx\n${from}`
      const [path, text] = i === 9_000 ? [SECRET, last] : [`src/${i % 100}/f.yaml`, `value: ${i}\n`]
      return `${head}M 100644 inline ${path}\ndata ${Buffer.byteLength(text)}\n${text}\n${i === 9_001 ? `D ${SECRET}\n` : ''}`
    }).join('')
  const push = (last: string) => {
    const { code, stderr } = repository.tryGit(['fast-import', '--quiet', '--force'], { input: history(last) })
    if (code !== 0) throw new Error(stderr)
    const processes = countedProcesses(repository)
    processes.count()
    const refused = isRefused(repository, ['origin', 'long'], processes.env)
    return { refused, processes: processes.count() }
  }
  const bad = push(PLAIN)
  expect(bad.refused).toBe(true)
  expect(bad.processes).toBeLessThan(15)
  expectNoLeak(server.top, [VALUE])
  const fine = push(good)
  expect(fine.refused).toBe(false)
  expect(fine.processes).toBeLessThan(15)
  expect(server.git('rev-list', '--count', 'long').trim()).toBe('10001')
}, 60_000)

let tags = 0
/** A tag object; its id. */
function tagged(repository: ScratchRepository, target: string): string {
  repository.git('tag', '-a', '-m', 'x', `t${tags}`, target)
  return repository.git('rev-parse', `refs/tags/t${tags++}`).trim()
}
