import { describe, expect, test } from 'vitest'
import { installedRepository, plain, SECRETS } from './installed-repository.ts'
import { expectNoLeak } from './leaks.ts'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

/** What is said of a file, without the lines of git. */
function said(repository: MergeRepository, ...args: string[]): readonly string[] {
  const { code, stdout, stderr } = repository.kmsfile(['git', ...args, '--', FILE])
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' })
  return stdout.split('\n').filter((line) => /^[-+~!@ ] ?/.test(line) && !/^(?:---|\+\+\+) |^ {4}\S/.test(line))
}

async function two(before: string, after: string): Promise<MergeRepository> {
  const repository = mergeRepository()
  await repository.saved(before)
  await repository.saved(after)
  return repository
}

describe('key by key', () => {
  test('says what came, went and changed, with both values', async () => {
    const repository = await two(
      'db:\n  # one\n  host: a\n  password: hunter2\n  port: 5432\n  gone: no more of it\n  on: true\n',
      'db:\n  # two\n  host: a\n  password: "n3w"\n  port: "5432"\n  come: [1, null]\n  on: false\n',
    )
    expect(said(repository, 'show', '--values')).toEqual([
      '- db.gone: "no more of it"',
      '~ db.password: "hunter2" -> "n3w"',
      '~ db.port: 5432 (int) -> "5432" (str)',
      '+ db.come[0]: 1',
      '+ db.come[1]: null',
      '~ db.on: true -> false',
      '- (comment) " one"',
      '+ (comment) " two"',
    ])
    expect(said(repository, 'show', '--keys')).toEqual([
      '- db.gone',
      '~ db.password',
      '~ db.port (type)',
      '+ db.come[0]',
      '+ db.come[1]',
      '~ db.on',
      '~ (comments)',
    ])
  })

  test('knows an item of a list again, wherever it stands', async () => {
    const repository = await two(
      'named:\n  - name: x\n    v: 1\n  - name: y\n    v: 2\n  - name: z\n    v: 3\nplain: [first, second, third, fourth]\n',
      'named:\n  - name: z\n    v: 3\n  - name: x\n    v: 9\n  - name: new\n    v: 0\n  - name: y\n    v: 2\nplain: [fourth, first, second, other]\n',
    )
    expect(said(repository, 'show', '--values')).toEqual([
      '~ named[2] -> named[0] (moved)',
      '~ named[1].v: 1 -> 9',
      '+ named[2].name: "new"',
      '+ named[2].v: 0',
      '~ plain[3] -> plain[0] (moved): "fourth"',
      '~ plain[3]: "third" -> "other"',
    ])
  })

  test('knows a value again under another name, and another order of keys', async () => {
    const repository = await two('old: the same value\nb: 1\nc: 2\n', 'c: 2\nb: 1\nnew: the same value\n')
    expect(said(repository, 'show', '--values')).toEqual(['~ old -> new (moved): "the same value"', '~ . (order)'])
  })

  test('shows values of several lines by lines, and of long ones where they differ', async () => {
    const repository = await two(
      `pem: |\n  AAA\n  BBB\n  CCC\nlong: ${'x'.repeat(5000)}\n`,
      `pem: |\n  AAA\n  B2\n  CCC\nlong: ${'x'.repeat(4000)}HERE${'x'.repeat(996)}\nmore: |\n  q\n  r\n`,
    )
    const lines = said(repository, 'show', '--values')
    expect(lines.slice(0, 2)).toEqual(['~ pem:', '-   BBB'])
    expect(lines).toContain('+   B2')
    expect(lines.slice(-3)).toEqual(['+ more:', '+   q', '+   r'])
    const long = lines.find((line) => line.startsWith('~ long')) ?? ''
    expect(long).toMatch(
      /^~ long: \.\.\."x+"\.\.\. \(5000 characters\) -> \.\.\."x{40}HEREx+"\.\.\. \(5000 characters\)$/,
    )
    expect(long.length).toBeLessThan(1200)
  })

  test('goes through several documents, aliases and a list at the top', async () => {
    const documents = await two('a: &x\n  p: one\n---\nb: 1\n', 'a: &x\n  p: two\nc: *x\n---\nb: 2\n')
    expect(said(documents, 'show', '--values')).toEqual([
      '~ a.p: "one" -> "two"',
      '+ c.p: "two"',
      '~ b (document 2): 1 -> 2',
    ])
    const list = await two('- one\n- two\n', '- one\n- three\n')
    expect(said(list, 'show', '--values')).toEqual(['~ [1]: "two" -> "three"'])
    list.as()
    expect(said(list, 'show', '--values')).toEqual([expect.stringMatching(/^~ \[1\]: ENC\[str len=3 #\w{4}\] -> ENC/)])
  })

  test('says in a log, a difference of two versions, the index and the work tree the same', async () => {
    const repository = await installedRepository()
    const line = `~ password: "${SECRETS[0]}" -> "${SECRETS[1]}"`
    expect(said(repository, 'log', '-p', '-1', '--values', '--format=')).toEqual([line])
    expect(said(repository, 'diff', '--values', 'HEAD~', 'HEAD')).toEqual([line])
    await repository.save(plain('third-secret'))
    const next = [`~ password: "${SECRETS[1]}" -> "third-secret"`]
    expect(said(repository, 'diff', '--values')).toEqual(next)
    repository.git('add', '.')
    expect(said(repository, 'diff', '--values')).toEqual([])
    expect(said(repository, 'diff', '--values', '--cached')).toEqual(next)
    expect(said(repository, 'diff', '--values', '-R', '--cached')).toEqual([
      `~ password: "third-secret" -> "${SECRETS[1]}"`,
    ])
    expectNoLeak(repository.top, [...SECRETS, 'third-secret'])
  })

  test('takes the colours of git', async () => {
    const repository = await installedRepository()
    repository.git('config', 'color.diff.new', 'blue')
    const { stdout } = repository.kmsfile(['git', 'show', '--values', '--color=always'])
    expect(stdout).toContain(`\n~ password: \x1b[31m"${SECRETS[0]}"\x1b[m -> \x1b[34m"${SECRETS[1]}"\x1b[m\n`)
  })
})

describe('no values are shown', () => {
  const hidden = [expect.stringMatching(/^~ password: ENC\[str len=14 #\w{4}\] -> ENC\[str len=14 #\w{4}\]$/)]

  test('without a key, nor where they are to be hidden', async () => {
    const repository = await installedRepository('--diff', 'redacted')
    expect(said(repository, 'show', '--values')).toEqual(hidden)
    repository.git('config', 'kmsfile.diff', 'plain')
    expect(said(repository, 'show', '--values', '--redacted')).toEqual(hidden)
    repository.as()
    expect(said(repository, 'show', '--values')).toEqual(hidden)
  })

  test('of plaintext either, where they are to be hidden', async () => {
    const repository = await installedRepository()
    repository.write(FILE, plain('plain-secret'))
    const [note, ...lines] = said(repository, 'diff', '--values', '--redacted')
    expect(note).toBe('! NOT ENCRYPTED')
    expect(lines.at(-1)).toMatch(/^~ password: ENC\[str len=14 #\w{4}\] -> \[str len=12\]$/)
    expect(said(repository, 'diff', '--values').at(-1)).toMatch(/-> "plain-secret"$/)
  })
})

describe('how the file is encrypted is part of it', () => {
  test('who may read it, by which rule, under which data key', async () => {
    const repository = await installedRepository()
    repository.rule('ana', 'cat')
    expect(repository.kmsfile(['updatekeys', '--yes', FILE])).toMatchObject({ code: 0 })
    const recipients = [expect.stringMatching(/^- \(recipient\) age1/), expect.stringMatching(/^\+ \(recipient\) age1/)]
    expect(said(repository, 'diff', '--values')).toEqual(recipients)
    expect(said(repository, 'diff', '--keys')).toEqual(recipients)
    repository.git('checkout', '--quiet', '.')
    repository.write('.kmsfile.yaml', `${repository.read('.kmsfile.yaml')}    encrypted_regex: ^password$\n`)
    expect(repository.kmsfile(['rotate', '-i', FILE])).toMatchObject({ code: 0 })
    expect(said(repository, 'diff', '--values')).toEqual([
      expect.stringMatching(/^~ \(data key\) [0-9a-f]{8} -> [0-9a-f]{8}$/),
    ])
  })

  test('that it was written anew, and nothing else', async () => {
    const repository = await installedRepository()
    const time = /lastmodified: .*/
    repository.write(FILE, repository.read(FILE).replace(time, 'lastmodified: "2020-01-01T00:00:00Z"'))
    expect(said(repository, 'diff', '--values')[0]).toMatch(/^! BROKEN: /)
  })

  test('what cannot be read', async () => {
    const repository = await installedRepository()
    repository.write(FILE, repository.read(FILE).replace('host:', '{host:'))
    const lines = said(repository, 'diff', '--values')
    expect(lines[0]).toMatch(/^! cannot be read: /)
    expect(lines.at(-1)).toBe('! (not compared: one version cannot be read)')
  })
})

test('names and values cannot make a terminal do anything, nor look like a line of ours', async () => {
  const evil = '\\e]0;owned\\a\\u202ereversed'
  const repository = await two(
    'a: 1\n',
    `a: 1\n"k\\e[2J\\u202e": "${evil}"\n"x: 1\\n+ (recipient) age1forged": 1\nb: "one\\r\\n${evil}\\rtwo\\n"\n`,
  )
  for (const args of [['show'], ['show', '--values'], ['show', '--keys'], ['show', '--values', '--color=always']]) {
    const { stdout } = repository.kmsfile(['git', ...args, '--', FILE])
    expect(stdout.replace(/\x1b\[\d*m/g, '')).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/)
    expect(stdout).not.toMatch(/^\+ \(recipient\) age1forged/m)
  }
})

test('two views at once are refused', async () => {
  const repository = await installedRepository()
  expect(repository.kmsfile(['git', 'diff', '--keys', '--values'])).toMatchObject({ code: 2, stdout: '' })
  expect(repository.kmsfile(['git', 'log', '-p', '--values', '--keys', '-1'])).toMatchObject({ code: 2, stdout: '' })
  // Behind the dashes it is the name of a file.
  expect(repository.kmsfile(['git', 'diff', '--keys', '--', '--values'])).toMatchObject({ code: 0 })
})

test('a log of keys or values needs no --patch to show them', async () => {
  const repository = await two('a: before\n', 'a: behind\n')
  expect(said(repository, 'log', '-1', '--format=', '--values')).toEqual(['~ a: "before" -> "behind"'])
  expect(said(repository, 'log', '-1', '--format=', '--keys')).toEqual(['~ a'])
})
