import { expect, test } from 'vitest'
import { detectFormat } from '../../src/formats/detect.ts'
import { mergeTexts } from '../../src/operations/merge-text.ts'

const merge = (base: string, ours: string, theirs: string, choices?: readonly ('ours' | 'theirs')[]) =>
  mergeTexts(detectFormat('a.yaml'), { base, ours, theirs }, { choices })

const CASES: readonly (readonly [what: string, base: string, ours: string, theirs: string, merged: string])[] = [
  [
    'of the side whose layout is not kept',
    'a:\n  b: 1\n  c: 2\nl: [x]\n',
    'a: {b: 1, c: 3}\nl:\n  - x\n',
    '# top\na:\n  # about b\n  b: 4\n  c: 2 # about c\nl: [x, w] # about l\n# end\n',
    '# top\n# about b\n# about c\na: {b: 4, c: 3}\n# about l\nl:\n  - x\n  - w\n# end\n',
  ],
  [
    'that both sides changed',
    '# about a\na: 1\n',
    '# about a, ours\na: 1\n',
    '# about a, theirs\na: 1\n',
    '# about a, ours\n# about a, theirs\na: 1\n',
  ],
  ['that both sides put behind one value', 'a: 1\n', 'a: 1 # ours\n', 'a: 1 # theirs\n', '# theirs\na: 1 # ours\n'],
  ['that both sides put at the end', 'a: 1\n', 'a: 1\n# ours\n', 'a: 1\n# theirs\n', 'a: 1\n# ours\n# theirs\n'],
  ['where there is nothing else', '# x\n', '# x\n# ours\n', '# x\n# theirs\n', '# x\n# ours\n# theirs\n'],
  [
    'about a value that one side removed',
    'a: 1\nb: 2\nc: 3\n',
    'a: 1\nc: 3\n',
    'a: 1\n# about b\nb: 2\nc: 3\n',
    'a: 1\n# about b\nc: 3\n',
  ],
  [
    'inside of brackets',
    'a: {x: 1, y: 2}\n',
    'a: {x: 5, y: 2}\n',
    'a: {\n  # new\n  x: 1,\n  y: 6 }\n',
    '# new\na: {x: 5, y: 6}\n',
  ],
  [
    'of values that one side moved',
    'a: 1\nb: 2\nc: 3\nd: 4\n',
    'd: 4\nc: 3\nb: 2\na: 1\n',
    'a: 1\n# about b\nb: 2\nc: 3 # about c\nd: 4\n',
    'd: 4\nc: 3 # about c\n# about b\nb: 2\na: 1\n',
  ],
  [
    'of the right document',
    'a: 1\n---\nb: 1\n',
    'a:   1\n---\nb:   {c: 1}\n',
    '# one\na: 1\n---\n# two\nb: 1\n# last\n',
    '# one\na:   1\n---\n# two\nb:   {c: 1}\n# last\n',
  ],
  [
    'that are there twice, twice',
    '# x\na: 1\n',
    '# x\na: {in: 1}\nb: 1\n',
    '# x\na: 1\n# x\nc: 2\n',
    '# x\na: {in: 1}\nb: 1\n# x\nc: 2\n',
  ],
  ['with carriage returns', 'a: 1\r\n', 'a: 1 # ours\r\n', 'a: 1 # theirs\r\n', '# theirs\r\na: 1 # ours\r\n'],
  ['without a last line break', 'a: 1', 'a: 1\n# ours', 'a: 1\n# theirs', 'a: 1\n# ours\n# theirs'],
]

test.each(CASES)('keeps comments %s', async (_what, base, ours, theirs, merged) => {
  expect(await merge(base, ours, theirs)).toMatchObject({ text: merged, conflicts: [] })
})

test('takes out a comment that one side removed, though the other laid the text out anew', async () => {
  const merged = await merge(
    '# gone\na:\n  b: 1 # gone, too\n',
    '# gone\na: {b: 1} # gone, too\nc: 1\n',
    'a:\n  b: 2\n',
  )
  expect(merged.text).toBe('a: {b: 2}\nc: 1\n')
})

test('keeps comments of both sides at a conflict, but those inside of what was not taken', async () => {
  const [base, ours] = ['a: 1\nb: [x]\n', '# ours\na: 2\nb: [y]\n']
  const theirs = '# theirs\na: 3\nb:\n  # in theirs\n  - z\n'
  const undecided = await merge(base, ours, theirs)
  expect([undecided.text, undecided.conflicts.length]).toEqual(['# ours\n# theirs\na: 2\nb: [y]\n', 2])
  const decided = await merge(base, ours, theirs, ['ours', 'theirs'])
  expect(decided.text).toMatch(/^# ours\n# theirs\na: 2\n(?:.*\n)*.*# in theirs\n(?:.*\n)*.*z/)
})
