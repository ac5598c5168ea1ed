import { describe, expect, test } from 'vitest'
import { splitWords } from '../../src/keys/age-command.ts'

describe('a command line is split as google/shlex does it', () => {
  test.each([
    // Its own test.
    [
      'one two "three four" "five \\"six\\"" seven#eight # nine # ten\n eleven \'twelve\\\' thirteen=13 fourteen/14',
      ['one', 'two', 'three four', 'five "six"', 'seven#eight', 'eleven', 'twelve\\', 'thirteen=13', 'fourteen/14'],
    ],
    ['', []],
    [' \t\r\n ', []],
    ['# all of it', []],
    ['pass show age/key', ['pass', 'show', 'age/key']],
    ["''", ['']],
    ['a"b c"d', ['ab cd']],
    ["a'b c'd", ['ab cd']],
    ['a\\ b \\# "\\x"', ['a b', '#', 'x']],
    ['$HOME `id` $(id) * ~ ; | &', ['$HOME', '`id`', '$(id)', '*', '~', ';', '|', '&']],
    ['"a', undefined],
    ["'a", undefined],
    ['a\\', undefined],
    ['"a\\', undefined],
  ])('%j', (line, words) => {
    expect(splitWords(line)).toEqual(words)
  })
})
