import { join } from 'node:path'
import { expect, test } from 'vitest'
import { expectNoLeak } from './leaks.ts'
import { repositoryIn, type ScratchRepository, scratchRepository } from './scratch-repository.ts'

const VALUE = 'correct-horse-battery-staple'

/** A work tree that was made after the installation. */
function linkedTree(repository: ScratchRepository): ScratchRepository {
  repository.git('worktree', 'add', '--quiet', '-b', 'other', '../linked')
  return repositoryIn(join(repository.top, '../linked'), repository.env)
}

const hooksIn = (tree: ScratchRepository) =>
  tree
    .kmsfile(['doctor'])
    .stdout.split('\n')
    .filter((line) => /hooks? |git runs/.test(line))

function commitPlaintext(tree: ScratchRepository): number {
  tree.write('secrets/x.yaml', `password: ${VALUE}\n`)
  tree.git('-c', 'filter.kmsfile-guard.required=false', 'add', '--all')
  return tree.tryGit(['commit', '--quiet', '--message=x']).code
}

test('hooks run in a work tree that was made later, doctor says so of it and in it, and its trial shows that they refuse', () => {
  const repository = scratchRepository()
  expect(repository.kmsfile(['git', 'install']).code).toBe(0)
  const linked = linkedTree(repository)
  expect(hooksIn(repository)).toContainEqual(expect.stringMatching(/work tree .*\/linked: hooks run there, too/))
  expect(hooksIn(linked)).toEqual([
    expect.stringMatching(/git runs kmsfile: pre-commit, /),
    expect.stringMatching(/the hook refuses plaintext: tried with a sample/),
    expect.stringMatching(/work tree .*\/repository: hooks run there, too/),
  ])
  expectNoLeak(repository.top, ['made up by kmsfile doctor'])
  expect(commitPlaintext(linked)).toBe(1)
})

test('hooks of husky do not run there until its packages are installed, doctor says so, and git shows that it is true', () => {
  const repository = scratchRepository()
  const stub = '#!/bin/sh\nsh -e "$(dirname "$(dirname "$0")")/$(basename "$0")" "$@"\n'
  const install = (tree: ScratchRepository) => {
    for (const event of [
      'pre-commit',
      'prepare-commit-msg',
      'pre-merge-commit',
      'pre-applypatch',
      'post-commit',
      'pre-push',
    ]) {
      tree.write(`.husky/_/${event}`, stub)
      tree.tryGit(['-c', 'alias.x=!chmod +x .husky/_/*', 'x'])
    }
    tree.write('.husky/_/h', '')
  }
  install(repository)
  repository.write('.gitignore', '.husky/_\n')
  repository.git('config', 'core.hooksPath', '.husky/_')
  repository.write('node_modules/.bin/kmsfile', '')
  expect(repository.kmsfile(['git', 'install']).code).toBe(0)
  // What git starts finds kmsfile on the PATH.
  const bin = { ...repository.env, PATH: `${join(repository.top, '../bin')}:${repository.env['PATH']}` }
  repository.write(
    '../bin/kmsfile',
    `#!/bin/sh\nexec '${process.execPath}' '${process.env['KMSFILE_TEST_BIN'] ?? join(import.meta.dirname, '../../dist/bin/kmsfile.cjs')}' "$@"\n`,
  )
  repository.tryGit(['-c', 'alias.x=!chmod +x ../bin/kmsfile', 'x'])
  const main = repositoryIn(repository.top, bin)
  main.remove('node_modules')
  main.git('add', '.husky', '.gitignore', '.gitattributes')
  main.git('commit', '--quiet', '--message=husky')
  const linked = linkedTree(main)
  expect(hooksIn(main)).toContainEqual(
    expect.stringMatching(/work tree .*\/linked: hooks that do not run there: pre-commit/),
  )
  expect(hooksIn(linked)[0]).toMatch(/written down, but that nothing starts in this work tree: pre-commit/)
  expect(commitPlaintext(linked)).toBe(0)
  linked.git('reset', '--quiet', '--hard', 'HEAD~1')
  install(linked)
  expect(hooksIn(linked).slice(0, 2)).toEqual([
    expect.stringMatching(/git runs kmsfile \(husky\): pre-commit/),
    expect.stringMatching(/the hook refuses plaintext/),
  ])
  expect(commitPlaintext(linked)).toBe(1)
})
