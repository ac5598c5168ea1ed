import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { installedRepository, plain } from './installed-repository.ts'
import { FILE } from './merge-repository.ts'

test.each([
  ['git commit', ['commit', '--quiet', '--message=x'], true],
  ['git commit --all', ['commit', '--quiet', '--message=x', '--all'], false],
  ['git commit of one path', ['commit', '--quiet', '--message=x', FILE], false],
] as const)('a scanner in a hook of %s sees ciphertext', async (_, command, staged) => {
  const repository = await installedRepository()
  const seen = join(repository.home, 'seen')
  const scanner = `#!/bin/sh\ngit diff --staged -U0 > '${seen}'\ngit diff-index --cached -p HEAD >> '${seen}'\n`
  writeFileSync(join(repository.top, '.git/hooks/pre-commit'), scanner, { mode: 0o755 })
  await repository.save(plain('third-secret'))
  if (staged) repository.git('add', '.')
  expect(repository.tryGit(command)).toMatchObject({ code: 0 })
  const text = readFileSync(seen, 'utf8')
  expect(text.match(/^\+password: ENC\[AES256_GCM,/gm)).toHaveLength(2)
  expect(text).not.toContain('third-secret')
  // And whoever looks at it afterwards sees the value.
  expect(repository.git('show')).toContain('+password: third-secret')
})
