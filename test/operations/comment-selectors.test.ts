import { describe, expect, test } from 'vitest'
import { plaintextOf } from '../../src/operations/read-secrets.ts'
import { open, protect } from './secrets.ts'

const PLAIN = `# plain head
a: readable
# sops:enc
b: secret1
c: readable2
d: secret2 # sops:enc
# sops:enc
e:
  f: secret3
  g:
    - secret4
h: readable3
list:
  - readable4
  # sops:enc
  # a remark that goes with it
  - secret5
  - readable5
`

const keyOf = (text: string) => text.match(/ENC\[[^\]]*type:(str|comment)\]/g)?.length

describe('comments say what is encrypted', () => {
  test('encrypted_comment_regex takes what a matching comment stands before or behind', async () => {
    const selector = { kind: 'encrypted-comment-regex', text: 'sops:enc' } as const
    const { text } = await protect(PLAIN, { selector })

    expect(text).not.toMatch(/secret\d|a remark/)
    expect(text).toMatch(/readable\b[\s\S]*readable2[\s\S]*readable3[\s\S]*readable4[\s\S]*readable5/)
    expect(text.match(/sops:enc$/gm)).toHaveLength(5)
    // Five values, one comment, the MAC. The metadata names the expression, too.
    expect(keyOf(text)).toBe(7)
    const file = await open(text)
    expect(file.integrity).toBe('sops')
    expect(file.values.map((value) => value.text)).toEqual(['secret1', 'secret2', 'secret3', 'secret4', 'secret5'])
  })

  test('unencrypted_comment_regex leaves it', async () => {
    const selector = { kind: 'unencrypted-comment-regex', text: 'sops:enc' } as const
    const { text } = await protect(PLAIN, { selector })

    expect(text).toMatch(/secret1[\s\S]*secret2[\s\S]*secret3[\s\S]*secret4[\s\S]*secret5/)
    expect(text).not.toMatch(/readable|plain head/)
    expect(await plaintextOf(await open(text))).toEqual({ text: PLAIN, exact: true })
  })

  test.each([
    ['right before it', '# sops:enc\na: secret1\nb: readable\n'],
    ['with a blank line between', '# sops:enc\n\n# a remark\na: secret1\nb: readable\n'],
    ['before the start of the document', '# sops:enc\n---\na: secret1\nb: readable\n'],
    ['before a map in braces', '# sops:enc\n{a: secret1, b: readable}\n'],
    ['in the second document', 'c: readable\n...\n# sops:enc\n---\na: secret1\nb: readable\n'],
  ])('a comment in front of the root counts for its first value: %s', async (_where, plaintext) => {
    const selector = { kind: 'encrypted-comment-regex', text: 'sops:enc' } as const
    const { text } = await protect(plaintext, { selector })

    expect(text).not.toMatch(/secret1/)
    expect(text).toMatch(/b: readable/)
    expect(await plaintextOf(await open(text))).toEqual({ text: plaintext, exact: true })
  })

  test.each([
    ['in another column', 'a:\n  b: 1\n # sops:enc\n  c: 2\n'],
    ['behind the last entry of a part', 'a:\n  b: 1\n  # sops:enc\nc: 2\n'],
    ['inside of brackets', 'a: [1, # sops:enc\n 2]\n'],
    ['an alias', 'a: &x 1\nb: *x\n'],
    ['in front of a blank line in the second document', 'a: 1\n---\n# sops:enc\n\nb: 2\nc: 3\n'],
  ])('refuses what sops might take otherwise: %s', async (_what, plaintext) => {
    const selector = { kind: 'encrypted-comment-regex', text: 'sops:enc' } as const

    await expect(protect(plaintext, { selector })).rejects.toMatchObject({ code: 'FORMAT_VALUE' })
  })

  test('a value in plaintext where one should be encrypted is refused', async () => {
    const selector = { kind: 'encrypted-comment-regex', text: 'sops:enc' } as const
    const { text } = await protect(PLAIN, { selector })

    await expect(open(text.replace('c: readable2', '# sops:enc\nc: readable2'))).rejects.toMatchObject({
      code: 'INTEGRITY_VALUE_NOT_ENCRYPTED',
    })
  })
})
