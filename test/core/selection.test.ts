import { describe, expect, test } from 'vitest'
import { compileRegex, compileSelector, type SelectorKind } from '../../src/core/selection.ts'

/** Whether a selector that goes by keys encrypts what stands at a path. */
async function selects(kind: SelectorKind, text: string, path: readonly string[]): Promise<boolean> {
  const selection = await compileSelector({ kind, text })
  return selection.selects(path.some((key) => selection.matches(key)))
}

describe('of the selectors', () => {
  test.each<[SelectorKind, string, readonly string[], boolean]>([
    ['unencrypted-suffix', '_unencrypted', ['a'], true],
    ['unencrypted-suffix', '_unencrypted', ['a_unencrypted'], false],
    ['unencrypted-suffix', '_unencrypted', ['a_unencrypted', 'b', 'c'], false],
    ['unencrypted-suffix', '_unencrypted', ['a_unencrypted_'], true],
    ['unencrypted-suffix', '_unencrypted', ['A_UNENCRYPTED'], true],
    ['unencrypted-suffix', '_unencrypted', [], true],
    ['encrypted-suffix', '_secret', ['a'], false],
    ['encrypted-suffix', '_secret', ['a_secret'], true],
    ['encrypted-suffix', '_secret', ['a_secret', 'b'], true],
    ['encrypted-suffix', '_secret', [], false],
    ['unencrypted-regex', '^pub', ['public'], false],
    ['unencrypted-regex', '^pub', ['republic'], true],
    ['unencrypted-regex', 'pub', ['republic'], false],
    ['encrypted-regex', '^(data|stringData)$', ['data', 'x'], true],
    ['encrypted-regex', '^(data|stringData)$', ['metadata', 'x'], false],
    ['encrypted-regex', '(?i)^PASS', ['password'], true],
    ['encrypted-regex', '\\pL\\d', ['\u00e91'], true],
    ['encrypted-regex', '[[:upper:]]{2}', ['aBC'], true],
    ['encrypted-regex', '(?P<name>x)', ['x'], true],
    ['encrypted-regex', '\\Qa.b\\E', ['a.b'], true],
    ['encrypted-regex', '\\Qa.b\\E', ['axb'], false],
    ['encrypted-regex', '^$', [''], true],
    ['encrypted-regex', '.', ['\n'], false],
    ['encrypted-regex', '(?s).', ['\n'], true],
    ['encrypted-regex', 'a$', ['a\n'], false],
    ['encrypted-regex', '^.$', ['\u{1f600}'], true],
  ])('%s %j: of %j it is %s that it encrypts', async (kind, text, path, encrypted) => {
    expect(await selects(kind, text, path)).toBe(encrypted)
  })

  test.each<[SelectorKind, boolean, boolean]>([
    ['unencrypted-comment-regex', true, false],
    ['encrypted-comment-regex', false, true],
  ])('%s goes by comments', async (kind, without, withMatch) => {
    const selection = await compileSelector({ kind, text: 'secret' })
    expect(selection.byComment).toBe(true)
    expect(selection.matches(' a secret thing')).toBe(true)
    expect([selection.selects(false), selection.selects(true)]).toEqual([without, withMatch])
  })
})

describe('a regular expression that Go does not take is refused', () => {
  test.each(['(', '[', 'a**', '(?=x)', '(?!x)', '(?<=x)', '\\1', '*a', 'a{1001}', '(?P<n', '\\8', '[z-a]'])(
    '%s',
    async (pattern) => {
      await expect(compileRegex(pattern)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
      await expect(compileSelector({ kind: 'encrypted-regex', text: pattern })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
      })
    },
  )
})

test('takes time linear in the key, whatever the pattern', async () => {
  const matches = await compileRegex('^(a+)+$')
  // Of a backtracking engine this would be the last thing we hear.
  expect(matches(`${'a'.repeat(5000)}b`)).toBe(false)
})
