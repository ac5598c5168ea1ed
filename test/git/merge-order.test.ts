import { expect, test } from 'vitest'
import { diverged } from './kinds-of-files.ts'

const LIST = 'hosts:\n  # first\n  - name: a\n    v: 1\n  - name: b # second\n    v: 2\n'
const DOCUMENTS = '# one\nx: &x 1\ny: *x\n---\n# two\nb: 2\nc: 3\n'

test.each([
  [
    'keys that one side put in another order, of JSON',
    'secrets/a.json',
    ['{"a": 1, "b": {"c": 2, "d": 3}}', '{"b": {"d": 3, "c": 2}, "a": 1}', '{"a": 1, "b": {"c": 2, "d": 4}, "e": 5}'],
    '{"b": {"d": 4, "c": 2}, "a": 1, "e": 5}',
  ],
  [
    'keys that one side put in another order, with comments of the other',
    'secrets/a.yaml',
    ['a: 1\nb: 2\nc: 3\n', 'c: 3\nb: 2\na: 1\n', 'a: 1\n# about b\nb: 5 # five\nc: 3\n'],
    'c: 3\n# about b\nb: 5 # five\na: 1\n',
  ],
  [
    'items of a list that both sides changed, in the order of the one that moved them',
    'secrets/a.yaml',
    [
      LIST,
      'hosts:\n  - name: b # second\n    v: 2\n  # first\n  - name: a\n    v: 1\n',
      LIST.replace('v: 2', 'v: 3 # three'),
    ],
    'hosts:\n  - name: b # second\n    v: 3 # three\n  # first\n  - name: a\n    v: 1\n',
  ],
  [
    'several documents, with an anchor',
    'secrets/a.yaml',
    [DOCUMENTS, DOCUMENTS.replace('&x 1', '&x 9'), DOCUMENTS.replace('c: 3', 'c: 4\n# last\nd: 5')],
    DOCUMENTS.replace('&x 1', '&x 9').replace('c: 3', 'c: 4\n# last\nd: 5'),
  ],
  [
    'comments at places that touch, of both sides',
    'secrets/a.yaml',
    ['# who\na: 1\nb: 2\n', '# who, said by ours\na: 1 # ours\nb: 2\n', '# who, said by theirs\na: 1 # theirs\nb: 3\n'],
    '# who, said by ours\n# who, said by theirs\n# theirs\na: 1 # ours\nb: 3\n',
  ],
  [
    'a text that one side laid out anew, with comments of the other',
    'secrets/a.yaml',
    ['db: {user: a, pass: b}\n', 'db:\n    user: a\n    pass: c\n', '# the database\ndb: {user: d, pass: b} # soon\n'],
    '# the database\n# soon\ndb:\n    user: d\n    pass: c\n',
  ],
] as const)('merges %s', async (_name, path, [base, ours, theirs], merged) => {
  const repository = await diverged({ path, base, ours, theirs })
  expect(repository.merge('feature')).toMatchObject({ code: 0, stderr: '' })
  expect(repository.plain(path)).toBe(merged)
})
