import { expect, test } from 'vitest'
import { ana } from '../operations/team.ts'
import { A2, B2, BASE, valueAt, withValue } from './forgeries.ts'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

test('opens, changes and merges no state of a merge that somebody pushed without one', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => repository.saved(A2))
  await repository.branch('ours', () => repository.saved(B2))
  repository.as()
  repository.git('switch', '--quiet', 'ours')
  repository.merge('feature')
  const pending = repository.read(FILE)
  repository.git('merge', '--abort')
  repository.git('switch', '--quiet', 'main')
  repository.as(ana)
  const forgedState = withValue(pending, 'b', valueAt(pending, 'c'))
  await repository.branch('pushed', () => void repository.commit({ [FILE]: forgedState }))
  await repository.saved(B2)
  const ours = repository.read(FILE)
  expect(repository.merge('pushed').stderr).toContain('[FILE_IN_CONFLICT]')
  expect(repository.read(FILE)).toBe(ours)
  repository.git('merge', '--abort')

  // Nor where it is taken as it is.
  repository.git('switch', '--quiet', 'pushed')
  await expectUnopened(repository)
  for (const side of ['--ours', '--theirs']) {
    expect(repository.kmsfile(['git', 'resolve', side, FILE]).stderr).toContain('[FILE_IN_CONFLICT]')
  }
  expect(repository.read(FILE)).toBe(forgedState)
})

test('resolves a merge that somebody committed with a forged state from its parents alone', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => repository.saved(A2))
  await repository.saved(B2)
  repository.as()
  repository.merge('feature')
  const pending = repository.read(FILE)
  repository.commit({ [FILE]: withValue(pending, 'b', valueAt(pending, 'a')).replace(/^c: .*\n/m, '') })
  repository.git('read-tree', 'HEAD')
  repository.as(ana)
  expect(repository.kmsfile(['git', 'resolve', FILE])).toMatchObject({ code: 0 })
  expect(repository.plain()).toBe(A2.replace('second', 'other'))
})

test('does not take what a conflict says of its versions from the file', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => repository.saved(A2))
  await repository.saved(BASE.replace('first', 'our'))
  expect(repository.merge('feature').code).toBe(1)
  const text = repository.read(FILE)
  const theirs = /^ +theirs: (ENC.*)$/m.exec(text)?.[1] ?? ''
  repository.write(FILE, text.replace(theirs, valueAt(text, 'b')).replace('path: a', 'path: c'))
  expect(repository.kmsfile(['git', 'resolve', '--theirs', FILE]).stderr).toContain('1 conflict (a: theirs)')
  expect(repository.plain()).toBe(A2)
})

async function expectUnopened(repository: MergeRepository): Promise<void> {
  const before = repository.read(FILE)
  for (const command of [
    ['decrypt', FILE],
    ['decrypt', '--ignore-mac', FILE],
    ['get', FILE, 'a'],
    ['set', FILE, 'a', '"x"'],
    ['edit', FILE],
    ['rotate', '-i', FILE],
    ['updatekeys', '--yes', FILE],
    ['seal', '--accept', '--yes', FILE],
    ['encrypt', '-i', FILE],
  ]) {
    const { stderr } = repository.kmsfile(command, { env: { EDITOR: 'true' } })
    expect([command[0], stderr]).toEqual([command[0], expect.stringContaining('[FILE_IN_CONFLICT]')])
  }
  expect(repository.read(FILE)).toBe(before)
}
