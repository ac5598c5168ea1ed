import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { COMMIT_HOOKS, check, encrypted, scratchRepository, stage } from './scratch-repository.ts'

const PLAIN = 'db:\n  password: hunter2\n'
const FILE = 'secrets/x.yaml'
const FOUND = `refuse plaintext ${FILE}:2 db.password`

describe('no commit is let through', () => {
  test('where the index cannot be read', () => {
    const repository = scratchRepository()
    repository.write('.git/index', 'broken')
    const { code, stderr } = repository.kmsfile(['git', 'hook', 'pre-commit'])
    expect({ code, stderr }).toEqual({ code: 7, stderr: expect.stringContaining('[GIT_FAILED]') })
  })

  test('where a content is not there', () => {
    const repository = scratchRepository()
    const line = `100644 ${'1'.repeat(40)}\t${FILE}\n`
    expect(repository.tryGit(['update-index', '--index-info'], { input: line }).code).toBe(0)
    expect(check(repository)).toEqual([`refuse unreadable ${FILE}`])
  })

  test('where the last commit cannot be read', () => {
    const repository = scratchRepository()
    stage(repository, { [FILE]: PLAIN })
    repository.write('.git/refs/heads/main', `${'1'.repeat(40)}\n`)
    expect(repository.kmsfile(['git', 'hook', 'pre-commit']).code).toBe(7)
  })

  test('with a content that lies in an alternate store', () => {
    const repository = scratchRepository()
    mkdirSync(join(repository.top, '../store'))
    repository.write(FILE, PLAIN)
    const store = join(repository.top, '../store')
    const own = join(repository.top, '.git/objects')
    const env = { GIT_OBJECT_DIRECTORY: store, GIT_ALTERNATE_OBJECT_DIRECTORIES: own }
    expect(repository.tryGit(['add', '--all'], { env }).code).toBe(0)
    expect(check(repository, [], { env: { GIT_ALTERNATE_OBJECT_DIRECTORIES: store } })).toEqual([FOUND])
    expect(check(repository)).toEqual([`refuse unreadable ${FILE}`])
    repository.write('.git/objects/info/alternates', `${store}\n`)
    expect(check(repository)).toEqual([FOUND])
  })

  test('with a content in whose place git shows another', async () => {
    const repository = scratchRepository()
    stage(repository, { [FILE]: PLAIN, good: await encrypted(PLAIN) })
    repository.git(
      'replace',
      repository.git('rev-parse', `:${FILE}`).trim(),
      repository.git('rev-parse', ':good').trim(),
    )
    expect(check(repository)).toEqual([FOUND])
    const env = { GIT_REPLACE_REF_BASE: 'refs/elsewhere/' }
    expect(check(repository, [], { env })).toEqual([FOUND])
  })

  test('by a commit in whose place git shows another, with other rules', () => {
    const repository = scratchRepository()
    const lenient = repository.commit({ '.kmsfile.yaml': repository.read('.kmsfile.yaml').replace('secrets', 'other') })
    const strict = repository.git('rev-parse', 'HEAD^').trim()
    repository.git('reset', '--quiet', '--hard', strict)
    repository.git('replace', strict, lenient)
    stage(repository, { [FILE]: PLAIN, '.kmsfile.yaml': repository.read('.kmsfile.yaml').replace('secrets', 'other') })
    expect(check(repository)).toContain(FOUND.replace('plaintext', 'rule-removed'))
  })

  test('with an index that another program wrote, be it of any version', () => {
    for (const version of ['2', '3', '4']) {
      const repository = scratchRepository()
      stage(repository, { [FILE]: PLAIN })
      repository.git('update-index', '--index-version', version)
      repository.git('update-index', '--assume-unchanged', FILE)
      repository.git('update-index', '--skip-worktree', FILE)
      expect(check(repository)).toEqual([FOUND])
    }
  })
})

test('an index that is not there is one without files, as for git', () => {
  const repository = scratchRepository()
  stage(repository, { [FILE]: PLAIN })
  const env = { GIT_INDEX_FILE: '.git/nothing' }
  expect(check(repository, [], { env })).toEqual(['note rule-removed .kmsfile.yaml'])
  expect(existsSync(join(repository.top, '.git/nothing'))).toBe(false)
})

test('no program that the configuration names is started while commits are checked', async () => {
  const repository = scratchRepository()
  repository.commit({ [FILE]: await encrypted(PLAIN), 'a.x': 'x' })
  const started = join(repository.top, '../started')
  const program = join(repository.top, '../program')
  writeFileSync(program, `#!/bin/sh\necho "$0 $*" >> '${started}'\ncat\n`)
  chmodSync(program, 0o755)
  for (const name of PROGRAMS) repository.git('config', name, program)
  for (const name of ['log.showSignature', 'commit.gpgSign', 'filter.x.required'])
    repository.git('config', name, 'true')
  repository.write('.git/info/attributes', '* filter=x diff=x merge=x\n')
  mkdirSync(join(repository.top, '.git/hooks'), { recursive: true })
  for (const hook of ['post-index-change', 'reference-transaction', 'fsmonitor-watchman']) {
    writeFileSync(join(repository.top, '.git/hooks', hook), `#!/bin/sh\nexec '${program}' hook\n`)
    chmodSync(join(repository.top, '.git/hooks', hook), 0o755)
  }
  const sum = repository.git('rev-parse', 'HEAD').trim()
  const input = `refs/heads/main ${sum} refs/heads/main ${'0'.repeat(40)}\n`
  for (const args of [
    ['check', '--staged'],
    ['check', '--tree', 'HEAD'],
    ['check', '--range', 'HEAD^..HEAD'],
    ['check', '--all-history', '--unreachable'],
    ...COMMIT_HOOKS.map((event) => ['hook', event]),
    ['hook', 'post-commit'],
    ['hook', 'pre-push', 'origin', 'url'],
  ]) {
    const { code } = repository.kmsfile(['git', ...args], { input })
    expect([args, code, existsSync(started)]).toEqual([args, 0, false])
  }
})

const PROGRAMS = [
  'core.fsmonitor',
  'core.alternateRefsCommand',
  'core.pager',
  'core.editor',
  'core.askPass',
  'core.sshCommand',
  'core.gitProxy',
  'diff.external',
  'diff.x.command',
  'diff.x.textconv',
  'filter.x.clean',
  'filter.x.smudge',
  'filter.x.process',
  'merge.x.driver',
  'gpg.program',
  'pager.log',
  'pager.diff',
  'uploadpack.packObjectsHook',
  'credential.helper',
  'alias.ls-files',
  'alias.cat-file',
]
