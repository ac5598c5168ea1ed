import { expect, test } from 'vitest'
import { ana } from '../operations/team.ts'
import { FORGERIES, forged } from './forgeries.ts'
import { FILE } from './merge-repository.ts'

test.each(FORGERIES)('makes nothing valid of %s that was merged without a key', async (_what, code, forge) => {
  const repository = await forged(forge)
  repository.as()
  expect(repository.merge('feature').code).toBe(1)
  const merged = repository.read(FILE)
  repository.as(ana)
  expect(repository.kmsfile(['decrypt', '--ignore-mac', FILE]).code).toBe(merged.includes('pending-mac') ? 4 : 0)
  expect(repository.kmsfile(['git', 'resolve', '--theirs', FILE]).stderr).toContain(`[${code}]`)
  expect(repository.read(FILE)).toBe(merged)
})
