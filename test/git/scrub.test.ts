import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { fakeHost } from '../fake-host.ts'
import { expectNoLeak, findLeaks } from './leaks.ts'
import { COMMIT_HOOKS, encrypted, type ScratchRepository, scratchRepository } from './scratch-repository.ts'

const SECRET = 'correct-horse-battery-staple'
const PLAINTEXT = `db:\n  user: app\n  password: ${SECRET}\n`
const FILE = 'secrets/prod.yaml'

const scrub = (repository: ScratchRepository, ...flags: string[]) => repository.kmsfile(['git', 'scrub', ...flags])

/** A repository in which plaintext was staged, refused, and encrypted then. */
async function refused(): Promise<ScratchRepository> {
  const repository = scratchRepository()
  repository.hooks(...COMMIT_HOOKS)
  repository.write(FILE, PLAINTEXT)
  repository.git('add', FILE)
  expect(repository.tryGit(['commit', '--message=x']).stderr).toContain('kmsfile git scrub removes it')
  repository.write(FILE, await encrypted(PLAINTEXT))
  repository.git('add', FILE)
  repository.git('commit', '--quiet', '--message=x')
  return repository
}

describe('after a commit that was refused', () => {
  test('scrub removes the plaintext that was staged, and says of which file it was', async () => {
    const repository = await refused()
    expect(findLeaks(repository.top, [SECRET])).not.toEqual([])
    const { code, stderr, stdout } = scrub(repository, '--yes')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain(`${FILE}   1 readable version (`)
    expect(stderr).toContain('1 content removed from the object store')
    expect(stderr).toMatch(/1\. change the values at their source first/)
    expect(stderr).not.toContain(SECRET)
    expectNoLeak(repository.top, [SECRET])
    expect(repository.tryGit(['fsck', '--full'])).toMatchObject({ code: 0 })
    expect(scrub(repository).stderr).toBe('nothing found that no commit holds\n')
  })

  test('scrub keeps the reflog and the stash, and what they lead to', async () => {
    const repository = await refused()
    repository.commit({ 'README.md': 'amended away\n' })
    repository.git('commit', '--quiet', '--amend', '--message=other', '--no-verify')
    repository.write('README.md', 'stashed\n')
    repository.git('stash', '--quiet')
    const before = [repository.git('reflog'), repository.git('stash', 'list')]
    expect(scrub(repository, '--yes').code).toBe(0)
    expect([repository.git('reflog'), repository.git('stash', 'list')]).toEqual(before)
    expect(repository.git('show', 'stash@{0}:README.md')).toBe('stashed\n')
    expect(repository.git('show', 'HEAD@{1}:README.md')).toBe('amended away\n')
    expectNoLeak(repository.top, [SECRET])
  })

  test('scrub removes what git has packed in the meantime', async () => {
    const repository = await refused()
    // What git gc does with what nothing leads to, where it keeps it for a while.
    const id = repository.git('hash-object', '-w', '--stdin-paths').trim()
    expect(id).toBe('')
    const plain = repository.tryGit(['hash-object', '--stdin'], { input: PLAINTEXT }).stdout.trim()
    const head = repository.git('rev-parse', 'HEAD^{tree}').trim()
    repository.tryGit(['pack-objects', '.git/objects/pack/pack'], { input: `${plain}\n${head}\n` })
    repository.git('prune-packed')
    expect(existsSync(join(repository.top, '.git/objects', plain.slice(0, 2), plain.slice(2)))).toBe(false)
    expect(findLeaks(repository.top, [SECRET])).not.toEqual([])
    expect(scrub(repository, '--yes').code).toBe(0)
    expectNoLeak(repository.top, [SECRET])
    expect(repository.tryGit(['fsck', '--full'])).toMatchObject({ code: 0 })
  })

  test('scrub changes nothing without an answer, or where it is only to say what there is', async () => {
    const repository = await refused()
    const leaks = findLeaks(repository.top, [SECRET])
    expect(scrub(repository)).toMatchObject({ code: 2, stderr: expect.stringContaining('[INPUT_NEEDED]') })
    expect(scrub(repository, '--dry-run').code).toBe(1)
    const { stdout, code } = scrub(repository, '--dry-run', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ unreachable: [{ path: FILE, size: PLAINTEXT.length }], removed: null })
    expect(findLeaks(repository.top, [SECRET])).toEqual(leaks)
  })

  test('scrub finds plaintext of a file that is still readable in the work tree, whatever it holds', () => {
    const repository = scratchRepository()
    repository.write('secrets/key.pem', `-----BEGIN KEY-----\n${SECRET}\n-----END KEY-----\n`)
    repository.git('add', '--all')
    repository.git('reset', '--quiet')
    expect(scrub(repository, '--yes').stderr).toContain('secrets/key.pem   1 readable version')
    expectNoLeak(repository.top, [SECRET])
  })

  test('contents that are like no managed file are only counted', async () => {
    const repository = await refused()
    const other = 'services:\n  web:\n    image: nginx\n    ports: ["80:80"]\n'
    repository.write('compose.yaml', other)
    repository.git('add', 'compose.yaml')
    repository.git('rm', '--quiet', '--cached', 'compose.yaml')
    const { stderr } = scrub(repository, '--dry-run')
    expect(stderr).toContain('1 content that is like no managed file')
    expect(stderr).not.toContain('compose')
  })
})

describe('what something still leads to', () => {
  test('in the index, is said, and stays', () => {
    const repository = scratchRepository()
    repository.write(FILE, PLAINTEXT)
    repository.git('add', FILE)
    const { code, stderr } = scrub(repository, '--yes')
    expect(code).toBe(1)
    expect(stderr).toContain(`staged:\n  ${FILE}\n`)
    expect(stderr).toContain(`git restore --staged ${FILE}; then kmsfile git scrub`)
    expect(repository.git('show', `:${FILE}`)).toBe(PLAINTEXT)
  })

  test('in the stash, is dropped where somebody asks for it, and only that', async () => {
    const repository = scratchRepository()
    repository.commit({ [FILE]: await encrypted('db:\n  user: x\n  password: y\n'), 'README.md': 'one\n' })
    const stash = (path: string, content: string, ...flags: string[]) => {
      repository.write(path, content)
      repository.git('stash', '--quiet', ...flags)
    }
    stash('README.md', 'two\n')
    stash(FILE, PLAINTEXT)
    stash('README.md', 'three\n')
    stash('secrets/new.yaml', PLAINTEXT, '--include-untracked')
    const first = scrub(repository, '--yes')
    expect(first.code).toBe(1)
    expect(first.stderr).toContain(`in the stash:\n  stash@{0}   secrets/new.yaml\n  stash@{2}   ${FILE}\n`)
    expect(repository.git('stash', 'list').trim().split('\n')).toHaveLength(4)

    expect(scrub(repository, '--yes', '--stash').code).toBe(0)
    expect(repository.git('stash', 'list').trim().split('\n')).toHaveLength(2)
    expect(repository.git('show', 'stash@{0}:README.md')).toBe('three\n')
    expect(repository.git('show', 'stash@{1}:README.md')).toBe('two\n')
    expectNoLeak(repository.top, [SECRET])
  })

  test('in the reflog alone, is said with what removes it', async () => {
    const repository = scratchRepository()
    repository.commit({ [FILE]: PLAINTEXT })
    const bad = repository.git('rev-parse', 'HEAD').trim()
    repository.git('reset', '--quiet', '--hard', 'HEAD~1')
    const { code, stderr } = scrub(repository, '--yes')
    expect(code).toBe(1)
    expect(stderr).toContain(`only the reflog leads:\n  ${bad.slice(0, 10)} ${FILE}\n`)
    expect(repository.git('cat-file', '-t', bad)).toBe('commit\n')
    repository.git('reflog', 'expire', '--expire-unreachable=now', '--all')
    expect(scrub(repository, '--yes').code).toBe(0)
    expectNoLeak(repository.top, [SECRET])
  })

  test('in the index of another work tree, stays', async () => {
    const repository = await refused()
    repository.git('worktree', 'add', '--quiet', '-b', 'other', '../linked')
    repository.write('../linked/notes.txt', 'staged elsewhere\n')
    repository.git('-C', '../linked', 'add', 'notes.txt')
    expect(scrub(repository, '--yes').code).toBe(0)
    expect(repository.git('-C', '../linked', 'show', ':notes.txt')).toBe('staged elsewhere\n')
    expectNoLeak(repository.top, [SECRET])
  })

  test('while a merge is under way, is left alone', async () => {
    const repository = await refused()
    repository.git('switch', '--quiet', '-c', 'theirs', 'HEAD~1')
    repository.commit({ 'README.md': 'theirs\n' })
    repository.git('switch', '--quiet', 'main')
    repository.commit({ 'README.md': 'ours\n' })
    repository.tryGit(['merge', 'theirs'])
    const leaks = findLeaks(repository.top, [SECRET])
    expect(scrub(repository, '--yes')).toMatchObject({ code: 7, stderr: expect.stringContaining('[GIT_FAILED]') })
    expect(findLeaks(repository.top, [SECRET])).toEqual(leaks)
    expect(existsSync(join(repository.top, '.git/MERGE_HEAD'))).toBe(true)
  })
})

test('on a terminal, scrub asks for each entry of the stash, and then for the rest', async () => {
  const repository = scratchRepository()
  for (const name of ['one', 'two']) {
    repository.write(`secrets/${name}.yaml`, `${PLAINTEXT}# ${name}\n`)
    repository.git('stash', '--quiet', '--include-untracked')
  }
  const questions: string[] = []
  const answers = ['n', 'y', 'y']
  const ask = async (question: string) => {
    questions.push(question)
    return answers.shift() ?? ''
  }
  const host = fakeHost({ cwd: repository.top, env: repository.env, terminal: { ask, askHidden: ask } })
  expect(await run(['git', 'scrub'], host)).toBe(1)
  expect(questions).toEqual([
    expect.stringContaining('stash@{0}'),
    expect.stringContaining('stash@{1}'),
    expect.stringContaining('Remove all'),
  ])
  expect(repository.git('stash', 'list').trim().split('\n')).toHaveLength(1)
  expect(repository.git('show', 'stash@{0}^3:secrets/two.yaml')).toContain('# two')
  expect(findLeaks(repository.top, ['# one'])).toEqual([])
})

describe('beside the objects, scrub removes', () => {
  test('the cache of a diff driver', async () => {
    const repository = scratchRepository()
    repository.commit({ [FILE]: await encrypted(PLAINTEXT), '.gitattributes': '/secrets/** diff=other\n' })
    repository.git('config', 'diff.other.textconv', `f() { printf '%s' "${SECRET}"; }; f`)
    repository.git('config', 'diff.other.cachetextconv', 'true')
    repository.git('show', 'HEAD')
    expect(findLeaks(repository.top, [SECRET])).not.toEqual([])
    expect(repository.git('for-each-ref', 'refs/notes')).not.toBe('')
    // The configuration of this test has it as well.
    repository.git('config', '--unset', 'diff.other.textconv')
    expect(scrub(repository, '--yes').stderr).toContain('refs/notes/textconv/other')
    expect(repository.git('for-each-ref', 'refs/notes')).toBe('')
    expectNoLeak(repository.top, [SECRET])
  })

  test('resolutions that git remembers, but not those of other files', async () => {
    const repository = await refused()
    const remember = (name: string, text: string) => {
      mkdirSync(join(repository.top, '.git/rr-cache', name), { recursive: true })
      writeFileSync(join(repository.top, '.git/rr-cache', name, 'preimage'), text)
    }
    remember('a'.repeat(40), `db:\n  user: app\n<<<<<<<\n  password: ${SECRET}\n=======\n  password: other\n>>>>>>>\n`)
    remember('b'.repeat(40), '<<<<<<<\nconst a = 1\n=======\nconst a = 2\n>>>>>>>\n')
    expect(scrub(repository, '--yes').stderr).toContain(
      `rr-cache/${'a'.repeat(40)}   a resolution that git remembers of ${FILE}`,
    )
    expect(existsSync(join(repository.top, '.git/rr-cache', 'a'.repeat(40)))).toBe(false)
    expect(existsSync(join(repository.top, '.git/rr-cache', 'b'.repeat(40)))).toBe(true)
    expectNoLeak(repository.top, [SECRET])
  })

  test('what git fsck has written out, and the diff below the last message', async () => {
    const repository = await refused()
    // Of the one that was refused, the tree is there as well.
    repository.write(
      FILE,
      `# another
${PLAINTEXT}`,
    )
    repository.git('add', FILE)
    repository.git('reset', '--quiet', '--hard')
    repository.git('fsck', '--lost-found')
    const scissors = '# ------------------------ >8 ------------------------\n'
    appendFileSync(join(repository.top, '.git/COMMIT_EDITMSG'), `${scissors}+  password: ${SECRET}\n`)
    expect(scrub(repository, '--yes').stderr).toMatch(
      /lost-found\/other\/\w{40} {3}written out by git fsck of secrets\/prod\.yaml/,
    )
    expectNoLeak(repository.top, [SECRET])
  })
})

test('in a repository without a commit, and in one without anything, nothing fails', () => {
  const empty = scratchRepository({ rules: '' })
  expect(scrub(empty)).toMatchObject({ code: 0, stderr: 'nothing found that no commit holds\n' })
  empty.write('.kmsfile.yaml', 'version: 1\nrules: []\n')
  empty.git('add', '--all')
  expect(scrub(empty).code).toBe(0)
})

test('names of files do not steer the terminal', async () => {
  const repository = scratchRepository()
  repository.write('secrets/a\u001b[31m\nb.yaml', PLAINTEXT)
  repository.git('add', '--all')
  const { stderr } = scrub(repository, '--dry-run')
  expect(stderr).toContain('secrets/a\\u001b[31m\\nb.yaml')
  expect(stderr).not.toContain('\u001b')
})
