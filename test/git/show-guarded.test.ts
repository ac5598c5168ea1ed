import { expect, test } from 'vitest'
import { guardedRepository, PLAINTEXT, SECRET } from './guarded-repository.ts'
import { expectNoLeak } from './leaks.ts'
import { encrypted } from './scratch-repository.ts'

const FILE = 'secrets/prod.yaml'

test('plaintext that the guard keeps out of git is shown, beside what is in git', async () => {
  const repository = guardedRepository()
  repository.commit({ [FILE]: await encrypted('db:\n  password: other\n') })
  repository.write(FILE, PLAINTEXT)
  expect(repository.tryGit(['diff']).code).toBe(128)
  for (const args of [['diff'], ['diff', 'HEAD'], ['diff', '--values']]) {
    const { code, stdout, stderr } = repository.kmsfile(['git', ...args])
    expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' })
    expect(stdout).toMatch(/^[+!](?: # kmsfile:|# kmsfile:)? ?NOT ENCRYPTED$/m)
    expect(stdout).toContain(SECRET)
  }
  expect(repository.kmsfile(['git', 'diff', '--values', '--redacted']).stdout).not.toContain(SECRET)
  // It was left out of that alone.
  expect(repository.tryGit(['add', FILE]).code).toBe(128)
  expectNoLeak(repository.top, [SECRET])
})
