import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shellWords } from '../../src/host/shell-words.ts'

const linux = { platform: 'linux' }

test.each([
  ['vim', ['vim']],
  ['  code   --wait ', ['code', '--wait']],
  ['"/path with space/ed" -x', ['/path with space/ed', '-x']],
  [`emacs --eval '(setq a "b")'`, ['emacs', '--eval', '(setq a "b")']],
  ['a\\ b "c\\"d\\n" \'e\\f\'', ['a b', 'c"d\\n', 'e\\f']],
  [`'' ""`, ['', '']],
  [`a'b'"c"d`, ['abcd']],
  ['echo $HOME; rm * | `x`', ['echo', '$HOME;', 'rm', '*', '|', '`x`']],
  ['', []],
  ['end\\', ['end\\']],
])('splits %j', (line, words) => {
  expect(shellWords(line, linux)).toEqual(words)
})

test('does not guess where a quote ends', () => {
  expect(shellWords('vim "a', linux)).toBeUndefined()
  expect(shellWords("vim 'a", linux)).toBeUndefined()
})

test('takes a backslash as a part of a path on Windows', () => {
  expect(shellWords('"C:\\Program Files\\ed.exe" -a', { platform: 'win32' })).toEqual([
    'C:\\Program Files\\ed.exe',
    '-a',
  ])
})

test.runIf(process.platform !== 'win32')('splits as the shell does', () => {
  const lines = fc.sample(fc.string({ unit: fc.constantFrom(' ', 'a', 'b', '"', "'", '\\'), maxLength: 12 }), 300)
  for (const line of lines.filter((line) => !/\\$/.test(line))) {
    const { stdout, status } = spawnSync('sh', ['-c', `printf '%s\\0' x ${line}`], { encoding: 'utf8' })
    const words = status === 0 ? stdout.split('\0').slice(1, -1) : undefined
    expect(shellWords(line, linux), line).toEqual(words)
  }
})
