import { expect, test } from 'vitest'
import { FORGERIES, forged } from './forgeries.ts'
import { FILE } from './merge-repository.ts'

test.each(FORGERIES)('merges nothing where the other side has %s', async (_what, code, forge) => {
  const repository = await forged(forge)
  const ours = repository.read(FILE)
  const ran = repository.merge('feature')
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining(`[${code}]`)])
  expect(repository.read(FILE)).toBe(ours)
  expect(repository.kmsfile(['git', 'resolve', '--theirs', FILE]).stderr).toContain(`[${code}]`)
  expect(repository.read(FILE)).toBe(ours)
})
