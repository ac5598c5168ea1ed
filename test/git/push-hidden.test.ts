import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findLeaks } from './leaks.ts'
import { encrypted, RULES, repositoryIn, type ScratchRepository, scratchRepository } from './scratch-repository.ts'

const VALUE = 'correct-horse-battery-staple'
const PLAIN = `db:\n  password: ${VALUE}\n`
const SECRET = 'secrets/x.yaml'

describe('before a push, commits are judged as they are sent, though git shows others', () => {
  test('in their place, since somebody replaced them', () => {
    const { repository } = withRemote()
    const bad = repository.commit({ [SECRET]: PLAIN })
    const tree = repository.git('rev-parse', 'HEAD~1^{tree}').trim()
    repository.git('replace', bad, repository.git('commit-tree', '-p', 'HEAD~1', '-m', 'x', tree).trim())
    expect(repository.git('ls-tree', '-r', '--name-only', 'HEAD')).not.toContain(SECRET)
    expect(isRefused(repository, ['origin', 'main'])).toBe(true)
  })

  test('in place of a content or a tree', async () => {
    const { repository } = withRemote()
    repository.commit({ [SECRET]: PLAIN })
    const bad = repository.git('rev-parse', `HEAD:${SECRET}`).trim()
    const [tree, before] = repository.git('rev-parse', 'HEAD^{tree}', 'HEAD~1^{tree}').trim().split('\n')
    const good = repository.tryGit(['hash-object', '-w', '--stdin'], { input: await encrypted(PLAIN) }).stdout.trim()
    repository.git('replace', bad, good)
    expect(isRefused(repository, ['origin', 'main'])).toBe(true)
    repository.git('replace', '-d', bad)
    repository.git('replace', tree as string, before as string)
    expect(isRefused(repository, ['origin', 'main'])).toBe(true)
  })

  test.each([
    ['grafts', (_: string, last: string, base: string) => ['.git/info/grafts', `${last} ${base}\n`]],
    ['a boundary of a shallow clone', (_: string, last: string) => ['.git/shallow', `${last}\n`]],
  ])('without some of them, because of %s: then those do not get there either', async (_, cut) => {
    const { repository, server } = withRemote()
    const base = repository.git('rev-parse', 'HEAD').trim()
    const bad = repository.commit({ [SECRET]: PLAIN })
    const last = repository.commit({ [SECRET]: await encrypted(PLAIN) })
    const [file, text] = cut(bad, last, base) as [string, string]
    repository.write(file, text)
    for (const refs of [['main'], ['main:refs/heads/new'], ['--force', '--all']]) {
      repository.tryGit(['push', '--quiet', 'origin', ...refs])
    }
    expect(findLeaks(server.top, [VALUE])).toEqual([])
  })
})

describe('before a push, every line that git says of it is understood', () => {
  test.each(['a\u00a0b', '\u3000', 'a\u2028b', '\ufeff', 'ü'])('with %j in the name of the ref', (name) => {
    const { repository } = withRemote()
    repository.commit({ [SECRET]: PLAIN })
    expect(isRefused(repository, ['origin', `main:refs/heads/${name}`])).toBe(true)
  })

  test('with an expression of several lines in place of a name', () => {
    const { repository } = withRemote()
    repository.commit({ [SECRET]: PLAIN }, 'one\n\ntwo\nthree')
    expect(isRefused(repository, ['origin', 'HEAD^{/two\nthree}:refs/heads/new'])).toBe(true)
  })

  test('and what cannot be understood is not let through', () => {
    const { repository } = withRemote()
    const run = (input: string) => repository.kmsfile(['git', 'hook', 'pre-push', 'origin', 'x'], { input }).code
    expect(run('HEAD one refs/heads/x two\n')).toBe(7)
    expect(run('\n')).toBe(0)
    const id = repository.git('rev-parse', 'HEAD').trim()
    expect(run(`HEAD ${id} refs/heads/x ${'0'.repeat(40)}`)).toBe(0)
    expect(run(`HEAD ${id} refs/heads/x ${'0'.repeat(40)}\nmore`)).toBe(7)
  })
})

test.each(['--help', '--version', '-q', '--no-input', '-d'])(
  'before a push, the name %s of a remote is a name',
  (name) => {
    const { repository } = withRemote()
    repository.commit({ [SECRET]: PLAIN })
    repository.git('remote', 'add', '--', name, '../remote.git')
    expect(isRefused(repository, ['--', name, 'main'])).toBe(true)
  },
)

test.each(['GIT_LITERAL_PATHSPECS', 'GIT_NOGLOB_PATHSPECS', 'GIT_GLOB_PATHSPECS', 'GIT_ICASE_PATHSPECS'])(
  'before a push, rules are found though the program that pushes sets %s',
  (name) => {
    const { repository } = withRemote()
    repository.commit({ '.kmsfile.yaml': RULES.replace('secrets', 'nothing') })
    repository.commit({ [SECRET]: PLAIN })
    expect(isRefused(repository, ['origin', 'main'], { [name]: '1' })).toBe(true)
  },
)

test('what a diff driver has shown, which git keeps in a ref, is not pushed with a mirror', async () => {
  const { repository, server } = withRemote()
  repository.commit({ [SECRET]: await encrypted(PLAIN) })
  repository.git('config', 'diff.kmsfile.textconv', `f() { sed 's/ENC.*/${VALUE}/' "$1"; }; f`)
  repository.git('config', 'diff.kmsfile.cachetextconv', 'true')
  repository.write('.git/info/attributes', '*.yaml diff=kmsfile\n')
  repository.git('log', '-p')
  const ref = 'refs/notes/textconv/kmsfile'
  for (const args of [
    ['--mirror', 'origin'],
    ['origin', `${ref}:refs/heads/x`],
    ['origin', `${ref}~0:${ref}`],
  ]) {
    expect([args, isRefused(repository, args)]).toEqual([args, true])
  }
  expect(findLeaks(server.top, [VALUE])).toEqual([])
  // Where a driver shows what is stored, nobody minds.
  repository.git('update-ref', '-d', ref)
  repository.git('config', 'diff.kmsfile.textconv', 'cat')
  repository.git('log', '-p')
  expect(isRefused(repository, ['--mirror', 'origin'])).toBe(false)
})

test('new files in an entry of the stash are judged by the rules of the commit that it was made on', () => {
  const { repository, server } = withRemote()
  repository.write('secrets/new.yaml', PLAIN)
  repository.git('stash', '--quiet', '--include-untracked')
  for (const name of ['refs/stash', 'stash', 'stash@{0}']) {
    // Nothing is known of a remote that has no name.
    for (const remote of ['origin', '../empty.git']) {
      const args = [remote, `${name}:refs/heads/wip`]
      expect([args, isRefused(repository, args)]).toEqual([args, true])
    }
  }
  expect(findLeaks(server.top, [VALUE])).toEqual([])
})

function withRemote(): { readonly repository: ScratchRepository; readonly server: ScratchRepository } {
  const repository = scratchRepository()
  for (const name of ['remote.git', 'empty.git']) {
    repository.git('init', '--quiet', '--bare', '--initial-branch=main', `../${name}`)
  }
  repository.git('remote', 'add', 'origin', '../remote.git')
  repository.git('push', '--quiet', 'origin', 'main')
  repository.hooks('pre-push')
  return { repository, server: repositoryIn(join(repository.top, '../remote.git'), repository.env) }
}

/** Whether kmsfile refuses a push; anything else that goes wrong is an error. */
function isRefused(
  repository: ScratchRepository,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): boolean {
  const { code, stderr } = repository.tryGit(['push', '--quiet', ...args], { env })
  if (code !== 0 && !stderr.includes('kmsfile: refused')) throw new Error(stderr)
  return code !== 0
}
