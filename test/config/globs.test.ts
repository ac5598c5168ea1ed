import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attributePatterns } from '../../src/config/attribute-patterns.ts'
import { compileGlobs } from '../../src/config/globs.ts'

const matches = (glob: string, path: string) => compileGlobs([[glob]]).first(path) === 0

describe('a glob', () => {
  test.each([
    ['*.enc.yaml', 'a.enc.yaml', true],
    ['*.enc.yaml', 'deep/er/a.enc.yaml', true],
    ['*.enc.yaml', '.enc.yaml', true],
    ['*.enc.yaml', 'a.enc.yaml.bak', false],
    ['/a.yaml', 'a.yaml', true],
    ['/a.yaml', 'b/a.yaml', false],
    ['secrets/**', 'secrets/.hidden/x', true],
    ['secrets/**', 'secrets', false],
    ['secrets/**', 'other/secrets/x', false],
    ['**/secrets/**', 'other/secrets/x', true],
    ['**/secrets/**', 'secrets/x', true],
    ['a/**/b', 'a/b', true],
    ['a/**/b', 'a/x/y/b', true],
    ['a/**/b', 'a/xb', false],
    ['secrets', 'x/secrets/y', true],
    ['secrets/', 'secrets', false],
    ['secrets/', 'x/secrets/y', true],
    ['a/*/c', 'a/b/c', true],
    ['a/*/c', 'a/b/b/c', false],
    ['a/*', 'a/b/c', true],
    ['*.{yaml,y{,a}ml,json}', 'x.yml', true],
    ['*.{yaml,json}', 'x.{yaml,json}', false],
    ['\\{a,b\\}', '{a,b}', true],
    ['[{,}]x', ',x', true],
    ['file[0-9].y?ml', 'file7.yaml', true],
    ['file[!0-9]', 'file7', false],
    ['[]x]', ']', true],
    ['[[:upper:]x]a', 'Qa', true],
    ['a[/]b', 'a/b', false],
    ['\\*', '*', true],
    ['\\*', 'x', false],
    ['\\!x', '!x', true],
    ['#x', '#x', true],
    ['ä*', 'äöü', true],
  ])('%s and the path %s: %s', (glob, path, expected) => {
    expect(matches(glob, path)).toBe(expected)
  })

  test.each([
    '!secrets',
    '',
    '/',
    '//a',
    'a//b',
    'a/../b',
    './a',
    ' a',
    'a ',
    'a\n',
    '[a',
    '[[:letters:]]',
    '[z-a]',
    '[ä]',
    '{a}',
    '{a,b',
    'a}',
    'a\\',
    'a\\/b',
    'x'.repeat(5000),
    '{a,b}'.repeat(10),
  ])('is refused where it could be misread: %j', (glob) => {
    expect(() => compileGlobs([[glob]])).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  test('takes time linear in the path, whatever it looks like', () => {
    const globs = compileGlobs([[`${'a*'.repeat(60)}b`, `**/${'?*'.repeat(60)}b/**/${'*x'.repeat(40)}`]])
    expect(globs.first('a'.repeat(200_000))).toBe(-1)
    expect(globs.first('ax/'.repeat(70_000))).toBe(-1)
  })
})

describe('lists of globs', () => {
  test('the first list that matches counts', () => {
    const globs = compileGlobs([['secrets/prod/**', '*.prod.yaml'], ['secrets/**'], ['*.yaml']])
    const paths = ['secrets/prod/a.yaml', 'x/b.prod.yaml', 'secrets/b', 'b.yaml', 'b']
    expect(paths.map(globs.first)).toEqual([0, 0, 1, 2, -1])
  })

  test.each([
    [[['secrets/**'], ['secrets/prod/**']], [1]],
    [[['secrets/prod/**'], ['secrets/**']], []],
    [
      [['*'], ['a'], ['b/**']],
      [1, 2],
    ],
    [[['a', 'b'], ['{a,b}'], ['c']], [1]],
    [[['*.yaml'], ['*.json'], ['x.{yaml,json}']], [2]],
    [[['secrets'], ['secrets/**', '/secrets']], [1]],
    [[['secrets/'], ['secrets']], []],
    [[['[a-m]*'], ['[n-z]*'], ['[b-y]*.yaml', 'c']], [2]],
    [[['[a-m]*'], ['[n-z]*'], ['[b-y]*.yaml', 'C']], []],
    [[['a/**'], ['a/*/c', 'a/b']], [1]],
    [[['?*'], ['x']], [1]],
    [[[], ['x']], [0]],
  ])('%j: %j can never be first', (lists, hidden) => {
    expect(compileGlobs(lists).hidden()).toEqual(hidden)
  })
})

describe('git', () => {
  let folder: string
  const git = (args: readonly string[], input = '') =>
    // `check-ignore` exits with 1 where nothing is ignored.
    spawnSync('git', ['-c', 'core.ignoreCase=false', ...args], {
      cwd: folder,
      input,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], GIT_CONFIG_NOSYSTEM: '1', HOME: folder, GIT_CONFIG_GLOBAL: '/dev/null' },
    }).stdout.split('\0')

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kmsfile-globs-'))
    git(['init', '-q'])
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const name = fc
    .array(fc.constantFrom('a', 'b', '.', '-', ']', '!', '{', ' ', 'A', '*', 'ä', '\\'), { minLength: 1, maxLength: 4 })
    .map((characters) => characters.join(''))
    .filter((text) => text !== '.' && text !== '..')
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'))
  const globName = fc
    .array(
      fc.constantFrom(
        'a',
        'b',
        '.',
        '-',
        '*',
        '?',
        '[ab]',
        '[!a]',
        '[]-]',
        '[a-]',
        '[[:alpha:]]',
        '\\*',
        '\\\\',
        '\\ ',
        'ä',
        '***',
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((parts) => parts.join(''))
    .filter((text) => !/^\.{1,2}$/.test(text))
    // Before 2.53, git takes the stars of `a**/b` for those of `**/b` (its prefix match hides the `a` from them).
    .filter((text) => !/\*\*/.test(text.replace(/^\*+$/, '')))
  const glob = fc
    .tuple(
      fc.constantFrom('', '', '/', '**/'),
      fc.array(fc.oneof(globName, fc.constant('**')), { minLength: 1, maxLength: 4 }),
      fc.constantFrom('', '', '/', '/**'),
    )
    .map(([start, parts, end]) => start + parts.join('/') + end)

  test('takes a glob for what kmsfile takes it for', () => {
    fc.assert(
      fc.property(
        fc.array(glob, { minLength: 1, maxLength: 5 }),
        fc.array(path, { minLength: 40, maxLength: 80 }),
        (globs, paths) => {
          writeFileSync(join(folder, '.gitignore'), `${globs.join('\n')}\n`)
          const answer = git(['check-ignore', '--no-index', '-v', '-n', '-z', '--stdin'], `${paths.join('\0')}\0`)
          const ignored = paths.map((_, i) => answer[i * 4] !== '')
          const own = compileGlobs([globs])
          expect(paths.map((each) => own.first(each) === 0)).toEqual(ignored)
        },
      ),
      { numRuns: 150 },
    )
  })

  // A glob that ends like a file name is not written for folders.
  const folderGlob = glob.filter((text) => !/[^/]\.[A-Za-z]+$/.test(text))

  test('gives attributes to the files that a glob matches', () => {
    fc.assert(
      fc.property(
        fc.array(folderGlob, { minLength: 1, maxLength: 5 }),
        fc.array(path, { minLength: 40, maxLength: 80 }),
        (globs, paths) => {
          const patterns = globs.flatMap((each) => attributePatterns(each))
          writeFileSync(join(folder, '.gitattributes'), patterns.map((pattern) => `${pattern} kmsfile\n`).join(''))
          const answer = git(['check-attr', '-z', '--stdin', 'kmsfile'], `${paths.join('\0')}\0`)
          const marked = paths.map((_, i) => answer[i * 3 + 2] === 'set')
          const own = compileGlobs([globs])
          expect(paths.map((each) => own.first(each) === 0)).toEqual(marked)
        },
      ),
      { numRuns: 150 },
    )
  })
})
