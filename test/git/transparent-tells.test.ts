import { describe, expect, test } from 'vitest'
import { leaksIn } from './leak-search.ts'
import { FILE } from './merge-repository.ts'
import { expectClean, HOST, NEW, OLD, plain, transparentRepository } from './transparent-repository.ts'

interface Status {
  readonly attention: number
  readonly files: readonly Readonly<Record<string, unknown>>[]
}

describe('a file of the transparent mode', () => {
  test('is what it is in git to status, which needs no attention', async () => {
    const repository = await transparentRepository()
    const { stdout } = repository.kmsfile(['status'])
    expect(stdout).toMatch(/secrets\/prod\.yaml +transparent +.*as configured/)
    const { files, attention } = JSON.parse(repository.kmsfile(['status', '--json', '--verify']).stdout) as Status
    expect(attention).toBe(0)
    expect(files).toMatchObject([
      { file: FILE, state: 'encrypted', transparent: true, integrity: 'sealed', attention: false },
    ])
  })

  test('needs attention while git does not have it encrypted', async () => {
    const repository = await transparentRepository()
    repository.write('secrets/b.yaml', plain(NEW))
    const { files } = JSON.parse(repository.kmsfile(['status', '--json']).stdout) as Status
    expect(files.map(({ file, state, transparent }) => [file, state, transparent])).toEqual([
      ['secrets/b.yaml', 'plaintext', undefined],
      [FILE, 'encrypted', true],
    ])
  })

  test('is judged in the index as any other', async () => {
    const repository = await transparentRepository()
    expect(repository.kmsfile(['git', 'check', '--staged'])).toMatchObject({ code: 0, stdout: '' })
  })

  test('is no leak of what is in it, but of nothing else', async () => {
    const repository = await transparentRepository()
    expect(leaksIn(repository)).toEqual([])
    repository.write('notes.txt', `it is ${OLD}\n`)
    expect(leaksIn(repository)).toEqual([expect.stringMatching(/^refuse leak notes\.txt:1 /)])
  })

  test('is not taken for encrypted, nor encrypted in its place', async () => {
    const repository = await transparentRepository()
    for (const args of [
      ['decrypt', FILE],
      ['get', FILE, 'host'],
      ['set', FILE, 'host', '"x"'],
      ['encrypt', '-i', FILE],
    ]) {
      const { code, stderr } = repository.kmsfile(args)
      expect({ args, code, stderr }).toEqual({
        args,
        code: 4,
        stderr: expect.stringContaining('lies here as plaintext on purpose (transparent mode)'),
      })
    }
    const edit = repository.kmsfile(['edit', FILE], { env: { EDITOR: 'false' } })
    expect(edit.stderr).toContain('transparent mode')
    expect(repository.read(FILE)).toBe(plain(OLD))
    expectClean(repository)
  })

  test('is shown by its values, and by git as ciphertext', async () => {
    const repository = await transparentRepository()
    repository.write(FILE, plain(NEW))
    const own = repository.kmsfile(['git', 'diff'])
    expect(own.stdout).toContain(`-password: ${OLD} # long\n+password: ${NEW} # long\n`)
    expect(own.stdout).not.toContain('NOT ENCRYPTED')
    const { stdout } = repository.tryGit(['diff'])
    expect(stdout).toContain('+password: ENC[')
    for (const secret of [OLD, NEW, HOST]) expect(stdout).not.toContain(secret)
    repository.expectNoLeak(OLD, NEW, HOST)
  })
})

describe('doctor', () => {
  interface Report {
    readonly checks: readonly { readonly about: string; readonly state: string; readonly message: string }[]
  }
  const report = (repository: Awaited<ReturnType<typeof transparentRepository>>) =>
    (JSON.parse(repository.kmsfile(['doctor', '--json']).stdout) as Report).checks
      .filter(({ about }) => ['drivers', 'plaintext', 'files'].includes(about))
      .map(({ state, message }) => `${state} ${message}`)
      .filter((line) => !line.includes('while you edit'))

  test('says that it is switched on and for what, and does not complain of what it allows', async () => {
    const repository = await transparentRepository()
    expect(report(repository)).toEqual([
      'ok 1 secrets file',
      expect.stringMatching(/^ok git shows and merges/),
      'ok transparent mode (experimental) for secrets/**: 1 lies here as plaintext',
    ])
  })

  test('sees that it is not in force', async () => {
    const repository = await transparentRepository()
    const attributes = repository.read('.git/info/attributes')
    repository.write('.git/info/attributes', `${attributes}secrets/** !filter\n`)
    expect(report(repository)).toContain('problem the attributes do not say that git is to encrypt secrets/**')
    repository.write('.git/info/attributes', attributes)
    repository.git('config', 'filter.kmsfile-transparent.required', 'false')
    expect(report(repository)).toContain('problem git does not encrypt what kmsfile.transparent names (secrets/**)')
    repository.git('config', 'filter.kmsfile-transparent.required', 'true')
    repository.git('config', 'diff.external', 'true')
    expect(report(repository)).toContainEqual(expect.stringMatching(/^warning diff\.external is set/))
    repository.write('.lintstagedrc', '{}')
    repository.git('add', '.lintstagedrc')
    expect(report(repository)).toContainEqual(
      expect.stringMatching(/^problem lint-staged is set up \(\.lintstagedrc\)/),
    )
  })
})
