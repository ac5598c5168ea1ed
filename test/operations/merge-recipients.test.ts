import { expect, test } from 'vitest'
import type { Envelope } from '../../src/core/envelope.ts'
import type { WrappedKey } from '../../src/core/master-key.ts'
import { DEFAULT_SELECTOR } from '../../src/core/selection.ts'
import { mergeRecipients } from '../../src/operations/merge-recipients.ts'

/** `a b` is one group; `a | b` are two. What follows a colon tells wrapped keys apart. */
function envelope(groups: string, threshold = 0): Envelope {
  return {
    groups: groups.split('|').map((group) => group.trim().split(' ').filter(Boolean).map(wrapped)),
    threshold,
    lastModified: '2026-01-02T03:04:05Z',
    mac: '',
    selector: DEFAULT_SELECTOR,
    macOnlyEncrypted: false,
    version: '3.13.3',
  }
}

function wrapped(text: string): WrappedKey {
  const [recipient = ''] = text.split(':')
  return { masterKey: { type: 'age', recipient }, wrapped: text }
}

const merged = (base: string | undefined, ours: string, theirs: string) => {
  const found = mergeRecipients({
    base: base === undefined ? undefined : envelope(base),
    ours: envelope(ours),
    theirs: envelope(theirs),
  })
  return (
    found && [
      found.groups.map((group) => group.map((key) => key.wrapped).join(' ')).join(' | '),
      found.removed.map((key) => key.type === 'age' && key.recipient).join(' '),
    ]
  )
}

test.each([
  ['a b', 'a b c', 'a b d', 'a b c d', ''],
  ['a b', 'a', 'a b c', 'a c', 'b'],
  ['a b', 'a b c', 'b', 'b c', 'a'],
  ['a b', 'a:1 b:1', 'a:2 b:2 c:2', 'a:1 b:1 c:2', ''],
  ['a b', 'a c:1', 'a b c:2', 'a c:1', 'b'],
  [undefined, 'a:1 b', 'a:2 c', 'a:1 b c', ''],
  // Nobody is left but the one whom ours added.
  ['a b', 'a c', 'b', 'c', 'a b'],
  // Groups are taken as a whole: the shares of one splitting belong together.
  ['a:1 | b:1', 'a:1 | b:1', 'a:2 | b:2 | c:2', 'a:2 | b:2 | c:2', ''],
  ['a:1 | b:1', 'a:3 | b:3 c:3', 'a:1 | b:1', 'a:3 | b:3 c:3', ''],
  ['a', 'a:1 | b:1', 'a', 'a:1 | b:1', ''],
  ['a:1 | b:1', 'a:1 | c:1', 'a:1 | b:1', 'a:1 | c:1', 'b'],
])('of %j, %j and %j it is %j, without %j', (base, ours, theirs, result, removed) => {
  expect(merged(base, ours, theirs)).toEqual([result, removed])
})

test.each([
  ['a b', 'a', 'b'],
  ['a | b', 'a c | b', 'a | b d'],
  ['a', 'a | b', 'a c'],
])('of %j, %j and %j nothing that fits comes', (base, ours, theirs) => {
  expect(merged(base, ours, theirs)).toBeUndefined()
})

test('takes a threshold with the groups that it counts', () => {
  const three = 'a | b | c'
  const found = mergeRecipients({ base: envelope(three, 2), ours: envelope(three, 2), theirs: envelope(three, 3) })
  expect(found?.threshold).toBe(3)
})
