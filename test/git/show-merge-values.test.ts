import { describe, expect, test } from 'vitest'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

const text = (password: string, host = 'a') => `db:\n  host: ${host}\n  password: ${password}\n`

/** Two branches that changed the same value, and one of them another one. */
async function inConflict(): Promise<MergeRepository> {
  const repository = mergeRepository()
  await repository.saved(text('of-base'))
  await repository.branch('other', () => repository.saved(text('of-theirs', 'b')))
  await repository.saved(text('of-ours'))
  expect(repository.merge('other').code).toBe(1)
  return repository
}

async function resolved(password = 'of-both'): Promise<MergeRepository> {
  const repository = await inConflict()
  repository.git('checkout', '--quiet', '--ours', FILE)
  await repository.save(text(password, 'b'))
  repository.commit({}, 'merge')
  return repository
}

/** What follows the names of the file. */
function said(repository: MergeRepository, ...args: string[]): readonly string[] {
  const { code, stdout, stderr } = repository.kmsfile(['git', ...args])
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' })
  return stdout
    .split(`+++ b/${FILE}\n`)
    .slice(1)
    .flatMap((part) => part.split('\ndiff ', 1)[0]?.trimEnd().split('\n') ?? [])
}

describe('a merge, key by key', () => {
  test('has, where it is dense, only keys that are as in neither parent', async () => {
    const repository = await resolved()
    expect(said(repository, 'show', '--values')).toEqual([
      '@@ parent 1 @@',
      '~ db.password: "of-ours" -> "of-both"',
      '@@ parent 2 @@',
      '~ db.password: "of-theirs" -> "of-both"',
    ])
  })

  test('has with -c what differs from each of them', async () => {
    const repository = await resolved()
    expect(said(repository, 'show', '-c', '--keys')).toEqual([
      '@@ parent 1 @@',
      '~ db.host',
      '~ db.password',
      '@@ parent 2 @@',
      '~ db.password',
    ])
  })

  test('has with -m a patch for each of them', async () => {
    const repository = await resolved()
    expect(said(repository, 'show', '-m', '--values', '--format=')).toEqual([
      '~ db.host: "a" -> "b"',
      '~ db.password: "of-ours" -> "of-both"',
      '~ db.password: "of-theirs" -> "of-both"',
    ])
  })

  test('is not there where it took all from its parents', async () => {
    const repository = await resolved('of-theirs')
    await repository.branch('third', () => repository.saved(text('of-theirs', 'c')))
    await repository.saved(`${text('of-theirs', 'b')}# a note\n`)
    expect(repository.merge('third').code).toBe(0)
    // By lines, what both sides changed stands too close to each other.
    for (const args of [
      ['show', '--values'],
      ['show', '--keys'],
      ['show', '-U0'],
    ]) {
      expect(repository.kmsfile(['git', ...args]).stdout).not.toContain('diff --')
    }
  })

  test('names who can read it now and could in no parent', async () => {
    const repository = await resolved()
    repository.rule('ana', 'ben', 'cat')
    repository.git('reset', '--quiet', '--soft', 'HEAD~')
    repository.write('.git/MERGE_HEAD', repository.git('rev-parse', 'other'))
    expect(repository.kmsfile(['updatekeys', '--yes', FILE])).toMatchObject({ code: 0 })
    repository.commit({}, 'an evil merge')
    const lines = said(repository, 'show', '--values')
    expect(lines.filter((line) => /^\+ \(recipient\) age1/.test(line))).toHaveLength(2)
  })
})

describe('a merge that is under way', () => {
  test('shows by lines what both sides have, and what is in conflict', async () => {
    const lines = said(await inConflict(), 'diff')
    expect(lines[0]).toMatch(/^@@@ -1,6 -1,6 \+1,\d+ @@@$/)
    expect(lines.slice(1, 6)).toEqual([
      '++# kmsfile: NOT RESOLVED: kmsfile git resolve FILE',
      '++# kmsfile: IN CONFLICT: db.password',
      '++# kmsfile:   base: "of-base"',
      '++# kmsfile:   ours (ours): "of-ours"',
      '++# kmsfile:   theirs (theirs): "of-theirs"',
    ])
    expect(lines.slice(-5)).toEqual([
      '  db:',
      '-   host: a',
      '+   host: b',
      ' -  password: of-theirs',
      ' +  password: of-ours',
    ])
  })

  test('names by keys what is in conflict, and values only where they are asked for', async () => {
    const repository = await inConflict()
    const keys = ['! NOT RESOLVED: kmsfile git resolve FILE', '! IN CONFLICT: db.password']
    expect(said(repository, 'diff', '--keys')).toEqual(keys)
    expect(said(repository, 'diff', '--values')).toEqual([
      ...keys,
      '!   base: "of-base"',
      '!   ours (ours): "of-ours"',
      '!   theirs (theirs): "of-theirs"',
    ])
    expect(repository.kmsfile(['git', 'diff', '--values', '--redacted']).stdout).not.toMatch(/of-(?:base|ours|theirs)/)
  })

  test('shows the versions of one side', async () => {
    const repository = await inConflict()
    expect(said(repository, 'diff', '--theirs').at(-1)).toBe('+  password: of-ours')
    expect(said(repository, 'diff', '--base', '--values').at(-1)).toBe('~ db.password: "of-base" -> "of-ours"')
  })
})

test('what a merge made by itself is compared with the merge', async () => {
  const repository = await resolved()
  expect(repository.kmsfile(['git', 'install'])).toMatchObject({ code: 0 })
  repository.git('clone', '--quiet', '.', '../clone')
  for (const cwd of ['.', '../clone']) {
    const { code, stdout, stderr } = repository.kmsfile(['git', 'show', '--remerge-diff'], { cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^\+ +password: /m)
  }
})
