import { describe, expect, test } from 'vitest'
import { refUpdates } from '../../src/git/hooks/hook-updates.ts'
import { scratchRepository } from './scratch-repository.ts'

const [ZERO, ID] = ['0'.repeat(40), 'a'.repeat(40)]

describe('what git says of refs that change', () => {
  test.each([
    ['nothing', '', []],
    ['an empty line', '\n', []],
    ['a new branch', `${ZERO} ${ID} refs/heads/x\n`, [['refs/heads/x', ID, ZERO]]],
    ['no line break at its end', `${ZERO} ${ID} refs/heads/x`, [['refs/heads/x', ID, ZERO]]],
    [
      'a name with what is a space elsewhere',
      `${ZERO} ${ID} refs/heads/\u00a0\u2028\n`,
      [['refs/heads/\u00a0\u2028', ID, ZERO]],
    ],
    [
      'two',
      `${ZERO} ${ID} a\n${ID} ${ZERO} b\n`,
      [
        ['a', ID, ZERO],
        ['b', ZERO, ID],
      ],
    ],
    ['ids of SHA-256', `${'0'.repeat(64)} ${'b'.repeat(64)} a\n`, [['a', 'b'.repeat(64), '0'.repeat(64)]]],
    [
      'a symbolic ref that leads elsewhere',
      `ref:refs/heads/a ref:refs/heads/b HEAD\n${ZERO} ${ID} a\n`,
      [['a', ID, ZERO]],
    ],
    ['a symbolic ref that becomes none', `ref:refs/heads/a ${ID} HEAD\n`, [['HEAD', ID, ZERO]]],
  ])('is understood: %s', (_, text, expected) => {
    expect(refUpdates(Buffer.from(text)).map(({ ref, id, oldId }) => [ref, id, oldId])).toEqual(expected)
  })

  test.each([
    ['a line of another kind', 'hello\n'],
    ['a line behind good ones', `${ZERO} ${ID} refs/heads/x\nhello`],
    ['a line before good ones', `hello\n${ZERO} ${ID} refs/heads/x\n`],
    ['an id that is too short', `${ZERO} ${ID.slice(1)} refs/heads/x\n`],
    ['no name', `${ZERO} ${ID}\n`],
    ['an empty name', `${ZERO} ${ID} \n`],
    ['a zero byte', `${ZERO} ${ID} refs/heads/x\0y\n`],
    ['more spaces', `${ZERO}  ${ID} refs/heads/x\n`],
  ])('is not let through where it cannot be understood: %s', (_, text) => {
    expect(() => refUpdates(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'GIT_FAILED' }))
  })
})

test.each([
  ['pre-push', ['origin', 'url']],
  ['pre-receive', []],
  ['reference-transaction', ['prepared']],
])('the hook %s ends with an error for what it cannot understand', (event, args) => {
  const repository = scratchRepository()
  for (const input of ['hello\n', `${ZERO} ${ID}\n`, '\0']) {
    const { code, stderr } = repository.kmsfile(['git', 'hook', event, ...args], { input })
    expect([input, code]).toEqual([input, 7])
    expect(stderr).toContain('cannot be understood [GIT_FAILED]')
  }
  expect(repository.kmsfile(['git', 'hook', event, ...args], { input: '' })).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  })
})
