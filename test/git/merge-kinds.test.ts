import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { diverged, KINDS } from './kinds-of-files.ts'
import { expectNoLeak } from './leaks.ts'

test.each(Object.entries(KINDS))('merges %s', async (_name, { path, base, ours, theirs, merged }) => {
  const repository = await diverged({ path, base, ours, theirs })
  expect(repository.merge('feature')).toMatchObject({ code: 0, stderr: '' })
  expect(repository.plain(path)).toBe(merged)
})

test.each(Object.entries(KINDS))('leaves a conflict in %s encrypted and readable to parsers', async (_name, kind) => {
  const { path, base, disputed } = kind
  const repository = await diverged({
    path,
    base,
    ours: disputed(base, 'secret-ours'),
    theirs: disputed(base, 'secret-theirs'),
  })
  const { code, stderr } = repository.merge('feature')
  expect([code, stderr]).toEqual([1, expect.stringContaining('1 conflict')])
  const text = repository.read(path)
  const [first] = path.endsWith('.json') ? [JSON.parse(text)] : parseAllDocuments(text).map((each) => each.toJS())
  expect(first.sops.conflicts).toHaveLength(1)
  expectNoLeak(
    repository.top,
    ['secret-ours', 'secret-theirs', 'secret-1', 'secret-2'],
    [repository.top, repository.home],
  )
  expect(repository.kmsfile(['git', 'resolve', '--theirs', path])).toMatchObject({ code: 0 })
  expect(repository.plain(path)).toContain('secret-theirs')
  expect(repository.plain(path)).not.toContain('secret-ours')
})
