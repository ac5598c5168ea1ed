import { expect, test } from 'vitest'
import { ana } from '../operations/team.ts'
import { diverged, KINDS } from './kinds-of-files.ts'

test.each(Object.entries(KINDS))('merges %s without a key until somebody has one', async (_name, kind) => {
  const { path, base, ours, theirs, merged } = kind
  const repository = await diverged({ path, base, ours, theirs })
  repository.as()
  expect(repository.merge('feature').code).toBe(1)
  expect(repository.kmsfile(['decrypt', path]).stderr).toContain('[FILE_IN_CONFLICT]')
  repository.as(ana)
  expect(repository.kmsfile(['git', 'resolve', '--theirs', path])).toMatchObject({ code: 0 })
  expect(repository.plain(path)).toBe(merged)
})
