import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { revealer } from '../../src/git/show/revealed.ts'
import { ana, cat } from '../operations/team.ts'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

/** A file whose merge is not resolved: two sides changed the same value. */
async function inConflict(): Promise<MergeRepository> {
  const repository = mergeRepository()
  const text = (password: string) => `db:\n  host: a\n  password: ${password}\n`
  await repository.saved(text('of-base'))
  await repository.branch('other', () => repository.saved(text('of-theirs')))
  await repository.saved(text('of-ours'))
  expect(repository.merge('other').code).toBe(1)
  return repository
}

async function shown(repository: MergeRepository, person: typeof ana): Promise<readonly string[]> {
  const bytes = new Uint8Array(readFileSync(join(repository.top, FILE)))
  return String((await revealer(repository.workspace(person)).reveal(bytes, FILE)).text).split('\n')
}

test('a file in conflict is shown with all versions of what is in conflict', async () => {
  const lines = await shown(await inConflict(), ana)
  expect(lines.slice(0, 5)).toEqual([
    '# kmsfile: NOT RESOLVED: kmsfile git resolve FILE',
    '# kmsfile: IN CONFLICT: db.password',
    '# kmsfile:   base: "of-base"',
    '# kmsfile:   ours (ours): "of-ours"',
    '# kmsfile:   theirs (theirs): "of-theirs"',
  ])
  expect(lines.slice(-4)).toEqual([
    'db:',
    expect.stringMatching(/host: a$/),
    expect.stringMatching(/password: of-ours$/),
    '',
  ])
})

test('to somebody without a key it says that it is one', async () => {
  const lines = await shown(await inConflict(), cat)
  expect(lines[0]).toBe('# kmsfile: NOT RESOLVED: kmsfile git resolve FILE')
  expect(lines.join()).not.toMatch(/of-(?:base|ours|theirs)/)
  expect(lines).toContainEqual(expect.stringMatching(/^ {2}password: ENC\[str len=7 /))
})
