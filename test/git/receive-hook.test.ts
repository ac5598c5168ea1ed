import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { expectNoLeak } from './leaks.ts'
import {
  encrypted,
  RULES,
  repositoryIn,
  type ScratchRepository,
  scratchRepository,
  stage,
} from './scratch-repository.ts'

const PLAIN = 'db:\n  password: hunter2\n'
const SECRET = 'secrets/x.yaml'

test('refuses a push that brings plaintext, and keeps nothing of it', async () => {
  const { repository, server } = withServer()
  const bad = repository.commit({ [SECRET]: PLAIN })
  repository.commit({ [SECRET]: await encrypted(PLAIN) })
  const before = server.git('count-objects', '-v')
  const { code, stderr } = repository.tryGit(['push', '--quiet', 'origin', 'main'])
  expect(code).toBe(1)
  expect(
    stderr.replace(/ +$/gm, ''),
  ).toContain(`remote: kmsfile: refused: 1 file would put plaintext into the repository
remote:   ${bad.slice(0, 10)} ${SECRET}:2   db.password   not encrypted
remote: fix:  take it out of the commit that brings it: git rebase -i ${bad.slice(0, 10)}^
`)
  expect(stderr).not.toContain('KMSFILE_ALLOW_PLAINTEXT')
  expect(server.git('count-objects', '-v')).toBe(before)
  expectNoLeak(server.top, ['hunter2'])
})

test('takes a push in which nothing is wrong', async () => {
  const { repository, server } = withServer()
  const head = repository.commit({ [SECRET]: await encrypted(PLAIN) })
  repository.git('tag', 'v1')
  expect(repository.tryGit(['push', '--quiet', 'origin', 'main', 'v1'])).toEqual({ code: 0, stdout: '', stderr: '' })
  expect(server.git('rev-parse', 'main').trim()).toBe(head)
  expect(repository.tryGit(['push', '--quiet', 'origin', '--delete', 'v1']).code).toBe(0)
})

test('judges by the rules that the server has, though the push takes them away', () => {
  const { repository } = withServer()
  repository.commit({ '.kmsfile.yaml': RULES.replace('secrets', 'nothing') })
  repository.commit({ [SECRET]: PLAIN })
  for (const ref of ['main', 'main:other', 'HEAD:refs/tags/x', 'HEAD:refs/anything/x']) {
    expect([ref, repository.tryGit(['push', '--quiet', 'origin', ref]).code]).toEqual([ref, 1])
  }
})

test('takes no word of the client for anything', () => {
  const { repository } = withServer()
  repository.commit({ [SECRET]: PLAIN })
  const env = { KMSFILE_ALLOW_PLAINTEXT: SECRET }
  expect(repository.tryGit(['push', '--quiet', 'origin', 'main'], { env }).code).toBe(1)
  expect(repository.tryGit(['push', '--quiet', '--push-option=x', 'origin', 'main'], { env }).code).not.toBe(0)
})

test('judges the first push to an empty server', () => {
  const repository = scratchRepository()
  const server = serverOf(repository)
  repository.commit({ [SECRET]: PLAIN })
  expect(repository.tryGit(['push', '--quiet', 'origin', 'main']).code).toBe(1)
  expect(server.tryGit(['rev-parse', '--verify', 'main']).code).not.toBe(0)
})

test('heeds the rules of whoever runs the server', async () => {
  const repository = scratchRepository({ rules: '' })
  const server = serverOf(repository)
  writeFileSync(join(server.top, 'rules.yaml'), RULES)
  server.git('config', 'kmsfile.policy', 'rules.yaml')
  repository.commit({ [SECRET]: PLAIN })
  expect(repository.tryGit(['push', '--quiet', 'origin', 'main']).code).toBe(1)
  server.git('config', 'kmsfile.policy', 'no-such-file')
  expect(repository.tryGit(['push', '--quiet', 'origin', 'main']).code).toBe(1)
  server.git('config', 'kmsfile.policy', 'rules.yaml')
  stage(repository, { [SECRET]: await encrypted(PLAIN) })
  repository.git('commit', '--quiet', '--amend', '--message=x')
  expect(repository.tryGit(['push', '--quiet', 'origin', 'main']).code).toBe(0)
})

test('takes a history of thousands of commits in one push', () => {
  const repository = scratchRepository()
  const server = serverOf(repository)
  const commits = Array.from({ length: 2000 }, (_, i) => {
    const content = `value: ${i}\n`
    const parent = i === 0 ? 'from refs/heads/main^0\n' : ''
    const where = i === 1500 ? SECRET : `src/${i % 50}/f.yaml`
    const data = `data ${content.length}\n${content}`
    const head = `commit refs/heads/main\ncommitter a <a@example.com> ${1_700_000_000 + i} +0000\ndata 1\nx\n${parent}`
    return `${head}M 100644 inline ${where}\n${data}${i === 1501 ? `D ${SECRET}\n` : ''}`
  })
  expect(repository.tryGit(['fast-import', '--quiet'], { input: commits.join('') }).code).toBe(0)
  const { code, stderr } = repository.tryGit(['push', '--quiet', 'origin', 'main'])
  expect(code).toBe(1)
  expect(stderr).toContain(`${SECRET}:1   value   not encrypted`)
  expect(server.git('count-objects')).toMatch(/^0 objects/)
})

/** A repository with a server that has its first commit, and kmsfile in the way of what comes next. */
function withServer(): { readonly repository: ScratchRepository; readonly server: ScratchRepository } {
  const repository = scratchRepository()
  const server = serverOf(repository)
  repository.git('push', '--quiet', 'origin', 'main')
  return { repository, server }
}

function serverOf(repository: ScratchRepository): ScratchRepository {
  const server = repositoryIn(join(repository.top, '../server.git'), repository.env)
  mkdirSync(server.top)
  server.git('init', '--quiet', '--bare', '--initial-branch=main')
  server.hooks('pre-receive')
  repository.git('remote', 'add', 'origin', '../server.git')
  return server
}
