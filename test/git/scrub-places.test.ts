import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { fakeHost } from '../fake-host.ts'
import { expectNoLeak, findLeaks } from './leaks.ts'
import {
  COMMIT_HOOKS,
  check,
  encrypted,
  repositoryIn,
  type ScratchRepository,
  scratchRepository,
} from './scratch-repository.ts'

const SECRET = 'correct-horse-battery-staple'
const PLAINTEXT = `db:\n  user: app\n  password: ${SECRET}\n`
const FILE = 'secrets/prod.yaml'

const scrub = (repository: ScratchRepository, ...flags: string[]) => repository.kmsfile(['git', 'scrub', ...flags])

/** A repository in which plaintext was staged and taken back. */
async function staged(): Promise<ScratchRepository> {
  const repository = scratchRepository()
  repository.commit({ [FILE]: await encrypted(PLAINTEXT) })
  repository.write(FILE, PLAINTEXT)
  repository.git('add', FILE)
  repository.git('reset', '--quiet', '--hard')
  return repository
}

test('a commit that was refused, then scrub: the secret is gone from all that git keeps, and stash and reflog are as before', async () => {
  const repository = scratchRepository()
  repository.commit({ 'README.md': 'one\n' })
  repository.hooks(...COMMIT_HOOKS)
  repository.write('README.md', 'amended away\n')
  repository.git('commit', '--quiet', '--all', '--message=two')
  repository.git('reset', '--quiet', '--hard', 'HEAD~1')
  repository.write('README.md', 'stashed\n')
  repository.git('stash', '--quiet')
  const state = () => [
    repository.git('reflog', '--all'),
    repository.git('stash', 'list', '-p'),
    repository.git('show', 'HEAD@{1}'),
  ]

  repository.write(FILE, PLAINTEXT)
  repository.git('add', FILE)
  const { code, stderr } = repository.tryGit(['commit', '--message=x'])
  expect([code, stderr.includes(`${FILE}:`)]).toEqual([1, true])
  repository.write(FILE, await encrypted(PLAINTEXT))
  repository.git('add', FILE)
  const before = state()
  expect(findLeaks(repository.top, [SECRET])).not.toEqual([])
  expect(scrub(repository, '--yes').code).toBe(0)
  expectNoLeak(repository.top, [SECRET], [repository.env['HOME'] ?? ''])
  expect(state()).toEqual(before)
  expect(repository.tryGit(['commit', '--quiet', '--message=x']).code).toBe(0)
})

describe('scrub removes', () => {
  test('what only ORIG_HEAD leads to, which git keeps for nobody', async () => {
    const repository = await staged()
    repository.commit({ [FILE]: PLAINTEXT })
    repository.git('reset', '--quiet', '--hard', 'HEAD~1')
    repository.git('reflog', 'expire', '--expire=now', '--all')
    expect(repository.read('.git/ORIG_HEAD')).toMatch(/^[0-9a-f]{40}\n$/)
    expect(scrub(repository, '--yes').code).toBe(0)
    expectNoLeak(repository.top, [SECRET])
  })

  test('what the last merge made', async () => {
    const repository = await staged()
    const blob = repository.tryGit(['hash-object', '-w', '--stdin'], { input: PLAINTEXT }).stdout.trim()
    const tree = repository.tryGit(['mktree'], { input: `100644 blob ${blob}\tx\n` }).stdout.trim()
    repository.write('.git/AUTO_MERGE', `${tree}\n`)
    expect(scrub(repository, '--yes').stderr).toContain('AUTO_MERGE   what the last merge made')
    expect(existsSync(join(repository.top, '.git/AUTO_MERGE'))).toBe(false)
    expectNoLeak(repository.top, [SECRET])
  })

  test('a patch that somebody broke off to edit, and not one of another file', async () => {
    const repository = await staged()
    const patch = (lines: string) =>
      `# Manual hunk edit mode -- see bottom for a quick guide.\n@@ -1,3 +1,3 @@\n${lines}`
    repository.write('.git/addp-hunk-edit.diff', patch(` db:\n-  user: app\n+  user: other\n   password: ${SECRET}\n`))
    repository.write('.git/ADD_EDIT.patch', patch('-const a = 1\n+const a = 2\n'))
    expect(scrub(repository, '--yes').stderr).toContain(`addp-hunk-edit.diff   a patch that somebody edited of ${FILE}`)
    expect(existsSync(join(repository.top, '.git/ADD_EDIT.patch'))).toBe(true)
    expectNoLeak(repository.top, [SECRET])
  })

  test('what a git that was killed while it wrote an object has left', async () => {
    const repository = await staged()
    const folder = join(repository.top, '.git/objects/aa')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'tmp_obj_XyZ123'), PLAINTEXT)
    expect(scrub(repository, '--yes').code).toBe(0)
    expectNoLeak(repository.top, [SECRET])
  })

  test('what another work tree has left: messages with a diff, the result of its last merge', async () => {
    const repository = await staged()
    repository.git('worktree', 'add', '--quiet', '--detach', '../linked')
    const scissors = '# ------------------------ >8 ------------------------\n'
    repository.write('.git/worktrees/linked/COMMIT_EDITMSG', `x\n${scissors}+  password: ${SECRET}\n`)
    repository.write('.git/worktrees/linked/AUTO_MERGE', `${'0'.repeat(40)}\n`)
    expect(scrub(repository, '--yes').stderr).toContain('worktrees/linked/AUTO_MERGE')
    expect(repository.read('.git/worktrees/linked/COMMIT_EDITMSG')).toBe('x\n')
    expectNoLeak(repository.top, [SECRET])
  })

  test('from a linked work tree what from the main one', async () => {
    const repository = await staged()
    repository.git('worktree', 'add', '--quiet', '--detach', '../linked')
    const linked = repositoryIn(join(repository.top, '../linked'), repository.env)
    repository.git('update-ref', 'refs/worktree/mine', 'HEAD')
    const own = repository.tryGit(['hash-object', '-w', '--stdin'], { input: 'mine\n' }).stdout.trim()
    repository.git('update-ref', 'refs/worktree/content', own)
    expect(linked.kmsfile(['git', 'scrub', '--yes']).code).toBe(0)
    expectNoLeak(repository.top, [SECRET])
    expect(repository.git('cat-file', 'blob', 'refs/worktree/content')).toBe('mine\n')
  })
})

describe('of what git has packed, scrub removes', () => {
  test.each([
    ['what it put into a pack of what nothing leads to', ['gc', '--quiet', '--cruft', '--prune=never']],
    ['what has an index over several packs', ['multi-pack-index', 'write']],
  ])('%s', async (_, command) => {
    const repository = await staged()
    const id = repository.tryGit(['hash-object', '--stdin'], { input: PLAINTEXT }).stdout.trim()
    repository.tryGit(['pack-objects', '--quiet', '.git/objects/pack/pack'], { input: `${id}\n` })
    repository.git('prune-packed')
    repository.git('repack', '--quiet')
    repository.git(...command)
    expect(existsSync(join(repository.top, '.git/objects', id.slice(0, 2), id.slice(2)))).toBe(false)
    expect(scrub(repository, '--yes').code).toBe(0)
    expectNoLeak(repository.top, [SECRET])
    expect(repository.tryGit(['fsck', '--full'])).toMatchObject({ code: 0 })
  })

  test.each([
    ['a graph of commits still knows', []],
    ['a chain of such graphs still knows', ['--split']],
  ])('commits that %s, which is right afterwards', async (_, options) => {
    const repository = await staged()
    repository.git('commit-graph', 'write', '--reachable', ...options)
    repository.commit({ [FILE]: PLAINTEXT })
    repository.git('commit-graph', 'write', '--reachable', ...options)
    repository.git('reset', '--quiet', '--hard', 'HEAD~1')
    repository.git('reflog', 'expire', '--expire=now', '--all')
    expect(scrub(repository, '--yes').code).toBe(0)
    expectNoLeak(repository.top, [SECRET])
    expect(repository.tryGit(['fsck', '--full'])).toMatchObject({ code: 0 })
    expect(repository.tryGit(['commit-graph', 'verify'])).toMatchObject({ code: 0 })
  })

  test('nothing of a pack that somebody wants to keep, and says so', async () => {
    const repository = await staged()
    const id = repository.tryGit(['hash-object', '--stdin'], { input: PLAINTEXT }).stdout.trim()
    const { stdout } = repository.tryGit(['pack-objects', '--quiet', '.git/objects/pack/pack'], { input: `${id}\n` })
    repository.write(`.git/objects/pack/pack-${stdout.trim()}.keep`, '')
    const { code, stderr } = scrub(repository, '--yes')
    expect([code, stderr.includes('1 content stayed: in a pack that is to be kept')]).toEqual([1, true])
    expect(repository.tryGit(['cat-file', '-e', id]).code).toBe(0)
  })
})

describe('where others need the objects', () => {
  test('scrub says before it does anything that clones which borrow them lose some', async () => {
    const repository = await staged()
    const questions: string[] = []
    const ask = async (question: string) => {
      questions.push(question)
      return 'n'
    }
    const host = fakeHost({ cwd: repository.top, env: repository.env, terminal: { ask, askHidden: ask } })
    expect(await run(['git', 'scrub'], host)).toBe(1)
    expect(questions).toEqual([
      expect.stringMatching(/Clones that borrow from it \(made with --shared or --reference\)/),
    ])
    expect(findLeaks(repository.top, [SECRET])).not.toEqual([])
  })

  test('scrub refuses in a repository that says so', async () => {
    const repository = await staged()
    repository.git('config', 'core.repositoryFormatVersion', '1')
    repository.git('config', 'extensions.preciousObjects', 'true')
    const leaks = findLeaks(repository.top, [SECRET])
    const { code, stderr } = scrub(repository, '--yes', '--stash')
    expect([code, stderr.includes('extensions.preciousObjects')]).toEqual([7, true])
    expect(findLeaks(repository.top, [SECRET])).toEqual(leaks)
  })

  test('scrub refuses in a bare repository', async () => {
    const repository = await staged()
    repository.git('clone', '--quiet', '--bare', '.', '../bare.git')
    for (const env of [{ GIT_DIR: '.' }, {}] as const) {
      const { code } = repository.kmsfile(['git', 'scrub', '--yes'], { cwd: '../bare.git', env })
      expect(code).toBe(7)
    }
  })

  test('a clone that borrows itself is scrubbed of what is its own, and leaves the other as it is', async () => {
    const lender = await staged()
    lender.git('clone', '--quiet', '--shared', '.', '../borrower "x"')
    const borrower = repositoryIn(join(lender.top, '../borrower "x"'), lender.env)
    borrower.write(FILE, PLAINTEXT.replace(SECRET, `${SECRET}-2`))
    borrower.git('add', FILE)
    borrower.git('reset', '--quiet', '--hard')
    const { stdout } = borrower.kmsfile(['git', 'scrub', '--dry-run', '--json'])
    expect(JSON.parse(stdout).unreachable).toMatchObject([{ path: FILE }])
    const before = findLeaks(lender.top, [SECRET])
    expect(borrower.kmsfile(['git', 'scrub', '--yes']).code).toBe(0)
    expectNoLeak(borrower.top, [`${SECRET}-2`])
    expect(findLeaks(lender.top, [SECRET])).toEqual(before)
    expect(borrower.git('log', '--oneline').trim().split('\n')).toHaveLength(2)
  })
})

test('in a clone without all contents scrub makes no connection, and finds what is here', async () => {
  const repository = scratchRepository()
  repository.git('config', 'uploadpack.allowFilter', 'true')
  for (let i = 0; i < 4; i++) repository.commit({ [`secrets/${i}.yaml`]: await encrypted(`a: ${i}\n`) })
  repository.git('clone', '--quiet', '--filter=blob:none', '--sparse', `file://${repository.top}`, '../clone')
  const clone = repositoryIn(join(repository.top, '../clone'), repository.env)
  // What it borrows nothing from any more.
  clone.git('remote', 'set-url', 'origin', 'file:///nowhere')
  clone.write('secrets/1.yaml', PLAINTEXT)
  const id = clone.tryGit(['hash-object', '-w', '--stdin'], { input: PLAINTEXT }).stdout.trim()
  const { code, stderr } = scrub(clone, '--yes')
  expect([code, stderr.includes('secrets/1.yaml   1 readable version')]).toEqual([0, true])
  expect(clone.tryGit(['cat-file', '-e', id], { env: { GIT_NO_LAZY_FETCH: '1' } }).code).not.toBe(0)
  expectNoLeak(clone.top, [SECRET])
})

test('what git shows in place of a commit does not make its own files look lost', async () => {
  const repository = scratchRepository()
  const first = repository.commit({ kept: 'in the commit that is replaced\n' })
  repository.commit({ kept: 'x' })
  const tree = repository.git('rev-parse', 'HEAD~2^{tree}').trim()
  repository.git('replace', first, repository.git('commit-tree', '-m', 'x', tree).trim())
  const { stdout } = scrub(repository, '--dry-run', '--json')
  expect(JSON.parse(stdout).unreachable).toEqual([])
  expect(check(repository, ['--all-history'])).toEqual([])
})
