import { expect, test } from 'vitest'
import { readSource } from '../../src/operations/secrets-file.ts'
import { planKeyUpdate, updateKeys } from '../../src/operations/update-keys.ts'
import { ana, asSops, ben, cat, recipientsIn } from '../operations/team.ts'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

const BASE = 'a: first\nb: second\nc: third\n'
const A2 = BASE.replace('first', 'FIRST')
const B2 = BASE.replace('second', 'SECOND')

/** Somebody without any key makes the file anew under a data key of their own, for themselves as well. */
async function takeOver(repository: MergeRepository, plaintext: string): Promise<void> {
  repository.rule('ana', 'ben', 'cat')
  repository.remove(FILE)
  await repository.saved(plaintext)
}

test.each([
  ['a merge', ['merge', '--no-edit', 'feature']],
  // It writes their rules into the work tree before it asks for the file.
  ['a merge by the older strategy', ['merge', '--no-edit', '-s', 'recursive', 'feature']],
  ['a pick', ['cherry-pick', 'feature']],
  ['a rebase onto it', ['rebase', 'feature']],
])('gives nothing to somebody who made a data key and a rule for themselves, by %s', async (_name, command) => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => takeOver(repository, A2))
  await repository.saved(B2)
  const { code, stderr } = repository.tryGit(command)
  expect([code, stderr]).toEqual([0, expect.stringContaining('different data keys')])
  expect(recipientsIn(repository.read(FILE))).toEqual([[ana.recipient, ben.recipient]])
  repository.as(cat)
  expect(repository.kmsfile(['decrypt', FILE]).code).toBe(5)
})

test('gives them nothing when the conflict is resolved, with their rule in the work tree already', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => takeOver(repository, A2))
  await repository.saved(BASE.replace('first', 'other'))
  expect(repository.merge('feature').code).toBe(1)
  expect(repository.read('.kmsfile.yaml')).toContain('keys: [ana, ben, cat]')
  expect(recipientsIn(repository.read(FILE))).toEqual([[ana.recipient, ben.recipient]])
  expect(repository.kmsfile(['git', 'resolve', '--ours', FILE]).code).toBe(0)
  expect(recipientsIn(repository.read(FILE))).toEqual([[ana.recipient, ben.recipient]])
  repository.commit({}, 'past the hooks')
  expect(recipientsIn(repository.read(FILE))).toEqual([[ana.recipient, ben.recipient]])
})

test('gives them nothing when a commit that is not resolved is resolved', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => takeOver(repository, A2))
  await repository.saved(BASE.replace('first', 'other'))
  repository.merge('feature')
  repository.commit({}, 'past the hooks')
  repository.git('read-tree', 'HEAD')
  expect(repository.kmsfile(['git', 'resolve', '--ours', FILE]).code).toBe(0)
  expect(recipientsIn(repository.read(FILE))).toEqual([[ana.recipient, ben.recipient]])
})

test('makes no data key where nobody whom the rule names can open both sides', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', async () => {
    repository.rule('cat')
    repository.remove(FILE)
    await repository.saved(A2)
  })
  await repository.saved(B2)
  const ours = repository.read(FILE)
  repository.as(ana, cat)
  const { code, stderr } = repository.merge('feature')
  expect([code, stderr]).toEqual([1, expect.stringContaining('[INTEGRITY_RECIPIENTS_CHANGED]')])
  expect(repository.read(FILE)).toBe(ours)
})

test('counts nobody among those who can open our side whom somebody without a key added to it', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => takeOver(repository, A2))
  await repository.save(B2)
  repository.commit({ [FILE]: withStranger(repository.read(FILE)) })
  const ours = repository.read(FILE)
  const { code, stderr } = repository.merge('feature')
  expect([code, stderr]).toEqual([1, expect.stringContaining('[INTEGRITY_RECIPIENTS_CHANGED]')])
  expect(repository.read(FILE)).toBe(ours)
})

test('keeps our wrapped keys where theirs were exchanged, for whoever merges', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', async () => {
    await repository.saved(A2, 'secrets/other.yaml')
    await repository.save(A2)
    const [other, text] = ['secrets/other.yaml', FILE].map((path) => repository.read(path)) as [string, string]
    // For ben, the data key of another file.
    repository.commit({ [FILE]: text.replace(wrappedFor(text, ben.recipient), wrappedFor(other, ben.recipient)) })
  })
  await repository.saved(B2)
  const ours = repository.read(FILE)
  expect(repository.merge('feature')).toMatchObject({ code: 0 })
  expect(wrappedFor(repository.read(FILE), ben.recipient)).toBe(wrappedFor(ours, ben.recipient))
  repository.as(ben)
  expect(repository.plain()).toBe(A2.replace('second', 'SECOND'))
})

test.each([
  ['a merge', []],
  ['a merge by the older strategy, which writes their rules into the work tree first', ['-s', 'recursive']],
])('confirms nobody by the rules of their side, in %s, nor when it is resolved', async (_name, strategy) => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => {
    repository.rule('cat', 'ana', 'ben')
    repository.commit({ [FILE]: withStranger(repository.read(FILE)) })
  })
  await repository.saved(B2)
  const ours = repository.read(FILE)
  const ran = repository.merge(...strategy, 'feature')
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('[INTEGRITY_RECIPIENTS_CHANGED]')])
  expect(repository.read('.kmsfile.yaml')).toContain('keys: [cat, ana, ben]')
  const { stderr } = repository.kmsfile(['git', 'resolve', '--ours', FILE])
  expect(stderr).toContain('[INTEGRITY_RECIPIENTS_CHANGED]')
  expect(repository.read(FILE)).toBe(ours)
})

test('seals nobody in whom somebody without a key added where neither a rule nor a seal says who is to open the file', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  repository.commit({ [FILE]: await asSops(await repository.open(), { lastModified: '2099-01-01T00:00:00Z' }) })
  repository.remove('.kmsfile.yaml')
  repository.commit({})
  await repository.branch('feature', () => {
    repository.commit({ [FILE]: withStranger(repository.read(FILE)) })
    expect(recipientsIn(repository.read(FILE))).toEqual([[cat.recipient, ana.recipient, ben.recipient]])
  })
  await repository.saved(B2)
  const ours = repository.read(FILE)
  const { code, stderr } = repository.merge('feature')
  expect([code, stderr]).toEqual([1, expect.stringContaining('[INTEGRITY_RECIPIENTS_CHANGED]')])
  expect(repository.read(FILE)).toBe(ours)
})

test('names whom their side lets in, and our rule does not', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', async () => {
    repository.rule('ana', 'ben', 'cat')
    const workspace = repository.workspace()
    const { text } = await updateKeys(workspace, await planKeyUpdate(workspace, await readSource(workspace, FILE)))
    repository.commit({ [FILE]: text })
  })
  await repository.saved(B2)
  const { code, stderr } = repository.merge('feature')
  expect([code, stderr]).toEqual([0, expect.stringContaining(`lets ${cat.recipient} open the file`)])
})

/** Adds cat to those who can open a file, without any key. */
function withStranger(text: string): string {
  return text.replace(/^( +age:\n)/m, `$1        - enc: x\n          recipient: ${cat.recipient}\n`)
}

function wrappedFor(text: string, recipient: string): string {
  const lines = text.split('\n')
  const at = lines.findIndex((line) => line.includes(recipient))
  const start = lines.findLastIndex((line, i) => i < at && line.includes('BEGIN AGE'))
  const end = lines.findIndex((line, i) => i > start && line.includes('END AGE'))
  return lines.slice(start, end + 1).join('\n')
}
