import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { ben, cat } from '../operations/team.ts'
import { leaksIn, PEM, PEM_LINES } from './leak-search.ts'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

const PASSWORD = 'x7Kp9q/Lm2V+"end"'
const PLAIN = `db:\n  password: '${PASSWORD}'\n  host: db.internal.example.com\n  port: 5432\n  ready: true\n`

let repository: MergeRepository
beforeEach(async () => {
  repository = mergeRepository()
  await repository.saved(PLAIN)
})

test('finds nothing where values stand in their files alone', async () => {
  await repository.saved('again: "x7Kp9q/Lm2V+\\"end\\""\n', 'secrets/other.yaml')
  expect(leaksIn(repository)).toEqual([])
})

test.each([
  ['as it is', `url=${PASSWORD}\n`, 'here'],
  ['in a JSON string', JSON.stringify({ password: PASSWORD }), 'here (escaped)'],
  ['in base64 at the start', Buffer.from(PASSWORD).toString('base64'), 'here (base64)'],
  ['in base64 after one byte', Buffer.from(`:${PASSWORD}`).toString('base64'), 'here (base64)'],
  ['in base64 after two bytes', Buffer.from(`a:${PASSWORD}@host`).toString('base64'), 'here (base64)'],
  ['in base64 for URLs', Buffer.from(`a:${PASSWORD}`).toString('base64url'), 'here (base64)'],
  ['URL-encoded', `postgres://app:${encodeURIComponent(PASSWORD)}@db/app`, 'here (URL-encoded)'],
  [
    'URL-encoded with small letters',
    encodeURIComponent(PASSWORD).toLowerCase().replace('x7kp9q', 'x7Kp9q').replace('lm2v', 'Lm2V'),
    'here (URL-encoded)',
  ],
])('finds a value %s', (_, text, where) => {
  repository.write('config/app.txt', `first\nsecond\n${text}`)
  expect(leaksIn(repository)).toEqual([
    `refuse leak config/app.txt:3 db.password a secret of ${FILE} is readable ${where}`,
  ])
})

test('names the secret by its file and key, and prints no value, however it is asked to print', () => {
  repository.write('a.txt', `${PASSWORD}\n\n${PASSWORD}\n${Buffer.from(PASSWORD).toString('base64')}\n`)
  const plain = repository.kmsfile(['git', 'check', '--leaks'])
  expect(plain.code).toBe(1)
  expect(plain.stdout).toBe(`a.txt:1   db.password   a secret of ${FILE} is readable here (also on line 3, 4)\n`)
  expect(plain.stderr).toContain('1 secret value looked for')
  expect(plain.stderr).toContain('fix:  change these values at their source')
  const sarif = repository.kmsfile(['git', 'check', '--leaks', '--sarif'])
  const { results } = JSON.parse(sarif.stdout).runs[0]
  expect(results).toMatchObject([
    {
      ruleId: 'kmsfile/leak',
      level: 'error',
      locations: [{ physicalLocation: { artifactLocation: { uri: 'a.txt' }, region: { startLine: 1 } } }],
    },
  ])
  const json = repository.kmsfile(['git', 'check', '--leaks', '--json'])
  for (const { stdout, stderr } of [plain, sarif, json]) {
    for (const part of ['x7Kp9q', 'Lm2V', 'db.internal']) expect(stdout + stderr).not.toContain(part)
  }
})

describe('where it looks', () => {
  test('files that git does not track, and not those that it ignores', () => {
    repository.write('.gitignore', 'ignored\n')
    repository.write('ignored', PASSWORD)
    repository.write('untracked', PASSWORD)
    expect(leaksIn(repository)).toEqual([`refuse leak untracked:1 db.password a secret of ${FILE} is readable here`])
  })

  test('what is staged and gone or other in the work tree', () => {
    repository.write('a', PASSWORD)
    repository.write('b', PASSWORD)
    repository.write('c', PASSWORD)
    repository.git('add', 'a', 'b', 'c')
    repository.write('a', 'clean')
    repository.remove('b')
    const staged = (path: string) => `refuse leak ${path}:1 db.password a secret of ${FILE} is readable here (staged)`
    const found = leaksIn(repository)
    expect(found).toEqual([
      staged('a'),
      staged('b'),
      `refuse leak c:1 db.password a secret of ${FILE} is readable here`,
    ])
    expect(leaksIn(repository, '--staged')).toEqual([staged('a'), staged('b'), staged('c')])
  })

  test('binary contents, without a line', () => {
    repository.write(
      'a.bin',
      Buffer.concat([Buffer.from([0, 1, 255, 10, 10]), Buffer.from(PASSWORD), Buffer.from([0])]),
    )
    expect(leaksIn(repository)).toEqual([`refuse leak a.bin db.password a secret of ${FILE} is readable here`])
  })

  test('readable keys and comments of secrets files, and plaintext where a secrets file should be', async () => {
    await repository.save(`note_unencrypted: '${PASSWORD}'\na: b\n`, 'secrets/a.yaml')
    repository.write('secrets/plain.yaml', PLAIN)
    expect(leaksIn(repository)).toEqual([
      `refuse leak secrets/a.yaml:1 db.password a secret of ${FILE} is readable here`,
      `refuse leak secrets/plain.yaml:2 db.password a secret of ${FILE} is readable here`,
    ])
  })

  test('paths that may hold plaintext, too; but a secrets file there is a sample, not a secret', async () => {
    await repository.saved('password: sample-x7Kp9qLm2V\n', 'secrets/sample.yaml')
    const rules = repository.read('.kmsfile.yaml')
    repository.commit({
      '.kmsfile.yaml': `${rules}exempt:\n  - { path: secrets/sample.yaml, reason: sample }\n  - { path: docs.yaml, reason: sample }\n`,
      'docs.yaml': PASSWORD,
      'docs.md': 'sample-x7Kp9qLm2V',
    })
    expect(leaksIn(repository)).toEqual([`refuse leak docs.yaml:1 db.password a secret of ${FILE} is readable here`])
  })

  test('nothing that a link leads to', () => {
    repository.write('../outside', PASSWORD)
    symlinkSync('../outside', join(repository.top, 'link'))
    expect(leaksIn(repository)).toEqual([])
    repository.git('add', 'link')
    expect(leaksIn(repository)).toEqual([])
  })

  test('files with any name', () => {
    const names = ['-dash', 'two\nlines', '$(x) \'"', 'ü']
    for (const name of names) repository.write(name, PASSWORD)
    repository.git('add', '--', '-dash', 'ü')
    const paths = leaksIn(repository).map((line) => line.slice('refuse leak '.length, line.indexOf(':1 ')))
    expect(paths.sort()).toEqual(names.sort())
  })
})

describe('what it looks for', () => {
  test('no short values, no names, no settings', async () => {
    repository.write('app.yaml', PLAIN.replace(/password.*/, ''))
    expect(leaksIn(repository)).toEqual([])
  })

  test('words where their key says that they are secret', async () => {
    await repository.save('db_password: correct-horse-battery\nname: my-service-name\n', 'secrets/a.yaml')
    repository.write('a', 'correct-horse-battery my-service-name')
    expect(leaksIn(repository)).toEqual(['refuse leak a:1 db_password a secret of secrets/a.yaml is readable here'])
  })

  test('the lines of a long value, however they are indented', async () => {
    await repository.save(`key: |\n${PEM_LINES.map((line) => `  ${line}\n`).join('')}`, 'secrets/a.yaml')
    const finding = (path: string, line: number, what: string, form = '') =>
      `refuse leak ${path}:${line} key ${what} of secrets/a.yaml is readable here${form}`
    repository.write('1', `x\n${PEM}`)
    repository.write('2', `a: |\n${PEM_LINES.map((line) => `    ${line}\n`).join('')}`)
    repository.write('3', JSON.stringify({ a: PEM }))
    repository.write('4', `data: ${Buffer.from(PEM).toString('base64')}`)
    repository.write('5', '-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n')
    expect(leaksIn(repository)).toEqual([
      finding('1', 2, 'a secret'),
      finding('2', 3, 'part of a secret'),
      finding('3', 1, 'a secret', ' (escaped)'),
      finding('4', 1, 'a secret', ' (base64)'),
    ])
  })

  test('values in JSON files, in files that are one value, and of several files at once', async () => {
    await repository.save(`{"a": ["${'k3Y'.repeat(6)}-1a2b"]}`, 'secrets/a.json')
    await repository.save(`["l1St-9x8Y7z-w"]`, 'secrets/b.json')
    // A key with a line break has no place in a tree of sops.
    await repository.save('"a\\nb": wh0l3-9x8Y7z-w\n', 'secrets/c.yaml')
    await repository.save('a: no-tree-9x8Y7z-w\n? [b, c]\n: d\n', 'secrets/d.yaml')
    repository.write('a', `${'k3Y'.repeat(6)}-1a2b\nl1St-9x8Y7z-w\nwh0l3-9x8Y7z-w\n  a: no-tree-9x8Y7z-w\n`)
    expect(leaksIn(repository)).toEqual([
      'refuse leak a:1 a[0] a secret of secrets/a.json is readable here',
      'refuse leak a:2 [0] a secret of secrets/b.json is readable here',
      'refuse leak a:3 "a\\nb" a secret of secrets/c.yaml is readable here',
      'refuse leak a:4 . part of a secret of secrets/d.yaml is readable here',
    ])
  })

  test('what other files have as well, said once', async () => {
    await repository.saved(`again: '${PASSWORD}'\n`, 'secrets/second.yaml')
    repository.write('a', PASSWORD)
    expect(leaksIn(repository)).toEqual([
      `refuse leak a:1 db.password a secret of ${FILE} and of 1 other place is readable here`,
    ])
  })

  test('what the keys at hand open; of other files it says so', async () => {
    repository.rule('cat')
    repository.as(cat)
    await repository.save('key: c4t-9x8Y7z-w\n', 'secrets/cat.yaml')
    repository.write('a', `${PASSWORD} c4t-9x8Y7z-w`)
    const [note, ...found] = leaksIn(repository)
    expect(note).toMatch(`note not-verified ${FILE} its values are not looked for: `)
    expect(found).toEqual(['refuse leak a:1 key a secret of secrets/cat.yaml is readable here'])
  })

  test('fails where no secrets file can be opened', () => {
    repository.as(cat)
    const { code, stdout, stderr } = repository.kmsfile(['git', 'check', '--leaks'])
    expect([code, stdout]).toEqual([5, ''])
    expect(stderr).toContain('KEY_UNAVAILABLE')
    repository.as(ben)
    expect(leaksIn(repository)).toEqual([])
  })
})

test('starts four processes of git, however many files there are', async () => {
  for (let i = 0; i < 30; i++) repository.write(`files/${i}`, `${i}`)
  repository.git('add', 'files')
  repository.remove('files')
  await repository.save('key: c4t-9x8Y7z-w\n', 'secrets/new.yaml')
  const trace = join(repository.home, 'trace')
  repository.kmsfile(['git', 'check', '--leaks'], { env: { GIT_TRACE2_EVENT: trace } })
  const started = repository.read('../trace').match(/"event":"start"/g)
  expect(started).toHaveLength(4)
})

test('refuses what does not go with it', () => {
  for (const option of ['--unreachable', '--verify']) {
    expect(repository.kmsfile(['git', 'check', '--leaks', option]).code).toBe(2)
  }
  expect(repository.kmsfile(['git', 'check', '--leaks', '--tree', 'nowhere']).code).toBe(2)
  expect(repository.kmsfile(['git', 'check', '--leaks', '--range', 'HEAD']).code).toBe(2)
})
