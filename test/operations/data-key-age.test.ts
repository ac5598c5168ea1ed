import { expect, test } from 'vitest'
import { dataKeyAge } from '../../src/operations/data-key-age.ts'

const age = { masterKey: { type: 'age', recipient: 'age1a' }, wrapped: '' } as const
const kms = (createdAt: string) => ({ masterKey: { type: 'aws-kms', arn: 'a' }, wrapped: '', createdAt }) as const
const ageOf = (groups: Parameters<typeof dataKeyAge>[0]['groups'], lastModified = '2026-03-01T00:00:00Z') => {
  const found = dataKeyAge({
    ...{ groups, lastModified, threshold: 0, mac: '', version: '', macOnlyEncrypted: false },
    selector: { kind: 'unencrypted-suffix', text: '' },
  })
  return found && [found.since.toISOString().slice(0, 10), found.exact]
}

test('a data key is as old as the first wrapped key that says so', () => {
  expect(ageOf([[age, kms('2026-02-01T00:00:00Z')], [kms('2026-01-01T00:00:00Z')]])).toEqual(['2026-01-01', true])
})

test('where none says so, it is at least as old as the last change', () => {
  expect(ageOf([[age]])).toEqual(['2026-03-01', false])
  expect(ageOf([[age, kms('')]])).toEqual(['2026-03-01', false])
})

test('nothing is said where no time can be read', () => {
  expect(ageOf([[age]], 'yesterday')).toBeUndefined()
})
