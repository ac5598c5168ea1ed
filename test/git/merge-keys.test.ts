import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { cipherKey, decryptValue } from '../../src/core/cipher.ts'
import { parseEncryptedValue } from '../../src/core/encrypted-value.ts'
import { keyIdOf } from '../../src/core/layout.ts'
import { detectFormat } from '../../src/formats/detect.ts'
import { parseEncrypted } from '../../src/operations/read-secrets.ts'
import { planRotation, rotate } from '../../src/operations/rotate.ts'
import { openSource, readSource } from '../../src/operations/secrets-file.ts'
import { planKeyUpdate, updateKeys } from '../../src/operations/update-keys.ts'
import { allEnvelopes, ana, ben, cat, recipientsIn } from '../operations/team.ts'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

const BASE = 'a: first\nb: second\nc: third\n'
const A2 = BASE.replace('first', 'FIRST')
const B2 = BASE.replace('second', 'SECOND')
const BOTH = A2.replace('second', 'SECOND')

test('makes a new data key where one side rotated, for whom our rule says, and keeps nothing under either old one', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  const old = repository.read(FILE)
  await repository.branch('feature', async () => {
    repository.rule('ana', 'ben', 'cat')
    await rotated(repository)
  })
  const rotatedText = repository.git('show', `feature:${FILE}`)
  await repository.saved(B2)
  const { code, stderr } = repository.merge('feature')
  expect([code, stderr.match(/different data keys/g)]).toEqual([0, ['different data keys']])
  expect(repository.plain()).toBe(B2)
  expect(new Set([old, rotatedText, repository.read(FILE)].map(keyIdIn)).size).toBe(3)
  expect(recipientsIn(repository.read(FILE))).toEqual([[ana.recipient, ben.recipient]])
  const known = [old, rotatedText, repository.git('show', `HEAD^:${FILE}`)].join()
  expect(allEnvelopes(repository.read(FILE)).filter((envelope) => known.includes(envelope))).toEqual([])

  const merged = await repository.open()
  for (const text of [old, rotatedText]) {
    const { dataKey } = (await openSource(repository.workspace(), { ...merged.source, text })).file
    for (const { envelope, associatedData } of merged.file.values) {
      const value = parseEncryptedValue(envelope)
      expect(() => value && decryptValue(cipherKey(dataKey), value, associatedData)).toThrow()
    }
  }
})

test('does the same for a conflict', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', async () => {
    await repository.save(A2)
    await rotated(repository)
  })
  await repository.saved(BASE.replace('first', 'other'))
  expect(repository.merge('feature').code).toBe(1)
  const known = [repository.git('show', `feature:${FILE}`), repository.git('show', `HEAD:${FILE}`)].join()
  expect(allEnvelopes(repository.read(FILE)).filter((envelope) => known.includes(envelope))).toEqual([])
  expect(repository.kmsfile(['git', 'resolve', '--theirs', FILE]).code).toBe(0)
  expect(repository.plain()).toBe(A2)
})

test('touches nothing where a new data key is needed and no rule says for whom', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => rotated(repository))
  await repository.save(B2)
  repository.remove('.kmsfile.yaml')
  repository.commit({})
  const ours = repository.read(FILE)
  const { code, stderr } = repository.merge('feature')
  expect([code, stderr]).toEqual([1, expect.stringContaining('[CONFIG_NOT_FOUND]')])
  expect(repository.read(FILE)).toBe(ours)
})

test('takes the rule from the index where the work tree does not have it', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => rotated(repository))
  await repository.saved(B2)
  repository.git('update-index', '--skip-worktree', '.kmsfile.yaml')
  repository.remove('.kmsfile.yaml')
  expect(repository.merge('feature')).toMatchObject({ code: 0 })
  expect(recipientsIn(repository.read(FILE))).toEqual([[ana.recipient, ben.recipient]])
  expect(repository.plain()).toBe(B2)
})

test('removes whom one side removed though the other added somebody, and recommends to rotate', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', async () => {
    repository.rule('ana')
    await updated(repository)
  })
  repository.rule('ana', 'ben', 'cat')
  await updated(repository)
  const { code, stderr } = repository.tryGit(['merge', '--no-edit', '-X', 'ours', 'feature'])
  expect([code, stderr]).toEqual([0, expect.stringContaining(`kmsfile rotate -i ${FILE}`)])
  expect(recipientsIn(repository.read(FILE))).toEqual([[ana.recipient, cat.recipient]])
  repository.as(ben)
  expect(repository.kmsfile(['decrypt', FILE]).code).toBe(5)
  repository.as(cat)
  expect(repository.plain()).toBe(BASE)
})

test('does not merge what its recipients nobody confirmed', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', async () => {
    await repository.save(A2)
    const text = repository.read(FILE)
    repository.commit({ [FILE]: text.replace(ben.recipient, cat.recipient) })
  })
  await repository.saved(B2)
  await expectUntouched(repository, 'INTEGRITY_RECIPIENTS_CHANGED')
})

test.each<[string, (text: string) => string]>([
  ['INTEGRITY_TAG_MISMATCH', (text) => text.replace(/^(a: ENC\[AES256_GCM,data:)./m, '$1A')],
  ['INTEGRITY_MAC_MISMATCH', (text) => text.replace(/^c: .*\n/m, '')],
  ['INTEGRITY_SEAL_MISMATCH', (text) => `d: null\n${text}`],
  ['INTEGRITY_MAC_MISSING', (text) => text.replace(/^ +mac: .*\n/m, '')],
  ['INTEGRITY_VALUE_NOT_ENCRYPTED', (text) => `d: plain\n${text}`],
])('touches nothing where the other side does not verify: %s', async (code, tamper) => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', async () => {
    await repository.save(A2)
    repository.commit({ [FILE]: tamper(repository.read(FILE)) })
  })
  await repository.saved(B2)
  await expectUntouched(repository, code)
})

test('touches nothing where the version before does not verify', async () => {
  const repository = mergeRepository()
  await repository.save(BASE)
  const good = repository.read(FILE)
  repository.commit({ [FILE]: `d: null\n${good}` })
  await repository.branch('feature', () => {
    repository.write(FILE, good)
    return repository.saved(A2)
  })
  repository.write(FILE, good)
  await repository.saved(B2)
  await expectUntouched(repository, 'INTEGRITY_SEAL_MISMATCH')
})

test('touches nothing where our own version does not verify', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => repository.saved(A2))
  await repository.save(B2)
  repository.commit({ [FILE]: repository.read(FILE).replace(/^c: .*\n/m, '') })
  await expectUntouched(repository, 'INTEGRITY_MAC_MISMATCH')
})

test('merges without a key as far as that goes; whoever has one finishes it', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => repository.saved(A2))
  await repository.saved(B2)
  repository.as()
  const { code, stderr } = repository.merge('feature')
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/merged without a key, and not verified.*kmsfile git resolve/),
  ])
  const { sops, a, b } = parse(repository.read(FILE))
  expect([sops.mac, sops.conflicts]).toEqual(['pending-mac', undefined])
  expect(
    [a, b].map((envelope) => [envelope, repository.git('show', 'feature:./secrets/prod.yaml').includes(envelope)]),
  ).toEqual([
    [a, true],
    [b, false],
  ])
  expect(repository.kmsfile(['decrypt', FILE])).toMatchObject({ code: 4 })
  expect(repository.kmsfile(['git', 'resolve', FILE])).toMatchObject({ code: 5 })
  repository.as(ben)
  expect(repository.kmsfile(['decrypt', FILE])).toMatchObject({ code: 4 })
  expect(repository.kmsfile(['git', 'resolve', FILE])).toMatchObject({ code: 0 })
  expect(repository.plain()).toBe(BOTH)
})

test('names conflicts without a key', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => repository.saved(A2))
  await repository.saved(BASE.replace('first', 'other'))
  repository.as()
  const { code, stderr } = repository.merge('feature')
  expect([code, stderr]).toEqual([1, expect.stringContaining('1 conflict (a), seen without a key')])
  const { sops, a } = parse(repository.read(FILE))
  expect(sops.conflicts).toEqual([expect.objectContaining({ path: 'a', ours: a })])
})

test('touches nothing without a key where the data keys differ', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => rotated(repository))
  await repository.saved(B2)
  repository.as()
  await expectUntouched(repository, 'KEY_UNAVAILABLE')
})

test('believes nothing that a pending file says', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => repository.saved(A2))
  await repository.saved(B2)
  repository.as()
  repository.merge('feature')
  const pending = repository.read(FILE)
  repository.write(FILE, pending.replace(/^a: .*$/m, 'a: forged').replace(/^b: .*\n/m, ''))
  repository.as(ana)
  expect(repository.kmsfile(['git', 'resolve', FILE])).toMatchObject({ code: 0 })
  expect(repository.plain()).toBe(BOTH)
})

async function expectUntouched(repository: MergeRepository, code: string): Promise<void> {
  const ours = repository.read(FILE)
  const ran = repository.merge('feature')
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining(`[${code}]`)])
  expect(repository.read(FILE)).toBe(ours)
  expect(repository.git('ls-files', '--unmerged').trim().split('\n')).toHaveLength(3)
}

async function rotated(repository: MergeRepository): Promise<void> {
  const workspace = repository.workspace()
  const { text } = await rotate(workspace, await planRotation(workspace, await readSource(workspace, FILE)))
  repository.commit({ [FILE]: text })
}

async function updated(repository: MergeRepository): Promise<void> {
  const workspace = repository.workspace()
  const { text } = await updateKeys(workspace, await planKeyUpdate(workspace, await readSource(workspace, FILE)))
  repository.commit({ [FILE]: text })
}

function keyIdIn(text: string): string | undefined {
  return keyIdOf(parseEncrypted(detectFormat(FILE), text).envelope.kmsfile)
}
