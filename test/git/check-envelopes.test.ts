import { expect, test } from 'vitest'
import { isEnvelope } from '../../src/git/check/judge-values.ts'
import { encrypted } from './scratch-repository.ts'

const [GOOD = ''] = (await encrypted('a: hunter2\n')).match(/ENC\[[^\]]*\]/) ?? []

test('a value is encrypted if it has the form that sops and kmsfile write', async () => {
  expect(is(GOOD)).toBe(true)
  for (const text of ['x', 'xy', 'xyz', 'x'.repeat(3_000_000)]) {
    const [envelope = ''] = (await encrypted(`a: "${text}"\n`)).match(/ENC\[[^\]]*\]/) ?? []
    expect(is(envelope)).toBe(true)
  }
})

test.each([
  ['readable letters whose number is that of no base64', { data: 'hunter2' }],
  ['letters with a bit too many', { data: 'hunter2x', tail: 'hx==' }],
  ['padding where none belongs', { data: 'hunter==' }],
  ['nothing', { data: '' }],
  ['a nonce that is too short', { iv: 'hunter2hunter2hunter2hunter2hunter2hunter==' }],
  ['a nonce that is too long', { iv: `${'A'.repeat(46)}==` }],
  ['a nonce with bits left over', { iv: `${'A'.repeat(42)}B=` }],
  ['a tag that is too short', { tag: 'hunter2=' }],
  ['a tag with bits left over', { tag: `${'A'.repeat(21)}B==` }],
  ['a type that does not exist', { type: 'hunter2' }],
  ['text behind it', { after: ' hunter2' }],
  ['text before it', { before: 'hunter2 ' }],
])('no value is encrypted that has %s', (_, parts) => {
  const { data, tail, iv, tag, type, before = '', after = '' } = parts as Record<string, string>
  const forged = GOOD.replace(/data:[^,]*/, (own) => (data === undefined ? own : `data:${tail ?? data}`))
    .replace(/iv:[^,]*/, (own) => (iv === undefined ? own : `iv:${iv}`))
    .replace(/tag:[^,]*/, (own) => (tag === undefined ? own : `tag:${tag}`))
    .replace(/type:\w+/, (own) => (type === undefined ? own : `type:${type}`))
  expect(is(`${before}${forged}${after}`)).toBe(false)
})

function is(text: string): boolean {
  return isEnvelope({ type: 'str', text })
}
