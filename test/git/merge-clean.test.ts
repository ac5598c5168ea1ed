import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { allEnvelopes } from '../operations/team.ts'
import { FILE, mergeRepository } from './merge-repository.ts'

const BASE = '# who\ndb:\n  user: app\n  # the password\n  password: p1 # inline\nhosts:\n  - a\n  - b\n'

test('merges changes of different values; what nobody changed keeps its bytes, what one side changed has those of that side', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  const base = repository.read(FILE)
  await repository.branch('feature', () =>
    repository.saved(BASE.replace('p1', 'p2').replace('  - b\n', '  - b\n  - c\n')),
  )
  await repository.saved(BASE.replace('user: app', 'user: root'))
  const ours = repository.read(FILE)
  const theirs = repository.git('show', `feature:${FILE}`)

  expect(repository.merge('feature')).toMatchObject({ code: 0, stderr: '' })
  expect(repository.plain()).toBe(
    BASE.replace('user: app', 'user: root').replace('p1', 'p2').replace('  - b\n', '  - b\n  - c\n'),
  )
  const merged = allEnvelopes(repository.read(FILE)).slice(0, -1)
  expect(merged.filter((envelope) => base.includes(envelope))).toHaveLength(5)
  expect(merged.filter((envelope) => !base.includes(envelope) && ours.includes(envelope))).toHaveLength(1)
  expect(merged.filter((envelope) => !base.includes(envelope) && theirs.includes(envelope))).toHaveLength(2)
  expect(repository.read(FILE).match(/lastmodified/g)).toHaveLength(1)
  expect(repository.git('status', '--porcelain')).toBe('')
  expect(readdirSync(repository.top).filter((name) => name.startsWith('.merge_file'))).toEqual([])
})

test('takes the bytes of ours where both sides gave a value the same new content', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  const changed = BASE.replace('p1', 'p2')
  await repository.branch('feature', () => repository.saved(changed))
  await repository.saved(changed)
  const ours = repository.read(FILE)

  expect(repository.merge('feature').code).toBe(0)
  expect(repository.plain()).toBe(changed)
  const merged = allEnvelopes(repository.read(FILE)).slice(0, -1)
  expect(merged.every((envelope) => ours.includes(envelope))).toBe(true)
})
