import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { ana, noncesOf } from '../operations/team.ts'
import { expectNoLeak } from './leaks.ts'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

const BASE = 'db:\n  user: app\n  password: first-secret\n  host: db1\nkeep: kept-secret\n'
const SECRETS = ['first-secret', 'second-secret', 'third-secret', 'kept-secret']

test('leaves a file that is valid YAML, has both versions encrypted, and says what to do', async () => {
  const repository = await conflicting()
  const { code, stderr } = repository.merge('feature')
  expect(code).toBe(1)
  expect(stderr).toBe(`kmsfile: ${FILE}: merged 1 change, 1 conflict (db.password): kmsfile git resolve ${FILE}\n`)
  const { sops, db } = parse(repository.read(FILE))
  expect(sops.conflicts).toEqual([
    {
      path: 'db.password',
      base: envelopeIn(repository, 'main~1'),
      ours: db.password,
      theirs: envelopeIn(repository, 'feature'),
      labels: { ours: 'ours', theirs: 'theirs' },
    },
  ])
  expect(sops.lastmodified).toBe('unresolved: run kmsfile git resolve')
  expect(repository.git('status', '--porcelain')).toBe(`UU ${FILE}\n`)
  expect(readdirSync(repository.top).filter((name) => name.startsWith('.merge_file'))).toEqual([])
})

test('leaves no plaintext anywhere, and nothing for git to replay', async () => {
  const repository = await conflicting()
  repository.git('config', 'rerere.enabled', 'true')
  expect(repository.merge('feature').code).toBe(1)
  expectNoLeak(repository.top, SECRETS, [repository.top, repository.home])
  expect(readdirSync(join(repository.top, '.git/rr-cache'))).toEqual([])
  repository.git('merge', '--abort')
  expectNoLeak(repository.top, SECRETS, [repository.top, repository.home])
})

test('is refused by whatever opens files, before and after somebody stages it', async () => {
  const repository = await conflicting()
  repository.merge('feature')
  for (const staged of [false, true]) {
    if (staged) repository.git('add', FILE)
    for (const command of [
      ['decrypt', FILE],
      ['decrypt', '--ignore-mac', FILE],
      ['get', FILE, 'db.password'],
      ['set', FILE, 'db.user', '"x"'],
      ['edit', FILE],
      ['rotate', '-i', FILE],
      ['updatekeys', FILE],
      ['seal', '--accept', '--yes', FILE],
      ['encrypt', '-i', FILE],
    ]) {
      const { code, stderr } = repository.kmsfile(command, { env: { EDITOR: 'true' } })
      expect([command[0], code, stderr]).toEqual([command[0], 4, expect.stringContaining('[FILE_IN_CONFLICT]')])
    }
  }
})

test('keeps one nonce for one content, in the file and beside the versions', async () => {
  const repository = await conflicting()
  repository.merge('feature')
  const texts = [
    repository.read(FILE),
    ...['main', 'feature', 'main~1'].map((rev) => repository.git('show', `${rev}:${FILE}`)),
  ]
  const seen = new Map<string, string>()
  for (const envelope of texts.flatMap((text) => text.match(/ENC\[[^\]]*\]/g) ?? [])) {
    const [nonce = ''] = noncesOf(envelope)
    expect(seen.get(nonce) ?? envelope).toBe(envelope)
    seen.set(nonce, envelope)
  }
})

test('names what one side removed and the other changed, and maps and lists as well', async () => {
  const repository = mergeRepository()
  const base = 'a:\n  x: "1"\n  y: "2"\nb: [one, two]\nc: "3"\n'
  await repository.saved(base)
  await repository.branch('feature', () => repository.saved('a:\n  x: "1"\n  y: "9"\nb: [three, two]\nc: "3"\n'))
  await repository.saved('b: [four, two]\nc: "3"\n')
  const { stderr } = repository.merge('feature')
  expect(stderr).toContain('2 conflicts (a, b)')
  const { sops } = parse(repository.read(FILE))
  expect(sops.conflicts.map(Object.keys)).toEqual([
    ['base_tree', 'labels', 'path', 'theirs_tree'],
    ['base_tree', 'labels', 'ours_tree', 'path', 'theirs_tree'],
  ])
})

test('takes over what both sides added alike, and asks about what they added differently', async () => {
  const repository = mergeRepository()
  await repository.branch('feature', () => repository.saved('a: "1"\nb: "2"\n'))
  await repository.saved('a: "1"\nb: "3"\nc: "4"\n')
  const { code, stderr } = repository.merge('feature')
  expect([code, stderr]).toEqual([1, expect.stringContaining('conflict (b)')])
  expect(repository.kmsfile(['git', 'resolve', '--theirs', FILE]).code).toBe(0)
  repository.git('add', FILE)
  expect(repository.plain()).toBe('a: "1"\nb: "2"\nc: "4"\n')
})

function envelopeIn(repository: MergeRepository, revision: string): string {
  return parse(repository.git('show', `${revision}:${FILE}`)).db.password
}

/** Both sides change one value, and theirs another as well. */
async function conflicting(): Promise<MergeRepository> {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () =>
    repository.saved(BASE.replace('first-secret', 'second-secret').replace('db1', 'db2')),
  )
  await repository.saved(BASE.replace('first-secret', 'third-secret'))
  repository.as(ana)
  return repository
}
