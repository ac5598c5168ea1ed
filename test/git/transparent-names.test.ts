import { expect, test } from 'vitest'
import { changedLines, expectClean, HOST, NEW, OLD, plain, transparentRepository } from './transparent-repository.ts'

test.each(['secrets/-x.yaml', 'secrets/it\'s "a" $(touch PWNED).yaml', 'secrets/two\nlines.yaml', 'secrets/ü.yaml'])(
  'a file of the transparent mode may be called %j',
  async (path) => {
    const repository = await transparentRepository()
    repository.write(path, plain(OLD))
    repository.git('add', '--all')
    repository.git('commit', '--quiet', '--message=two')
    expectClean(repository)
    repository.write(path, plain(NEW))
    const before = repository.stored(path)
    repository.git('commit', '--quiet', '--all', '--message=three')
    expect(changedLines(before, repository.stored(path))).toEqual(['password', 'kmsfile', 'mac'])
    expectClean(repository)
    expect(repository.git('ls-files', '--others')).toBe('')
    repository.expectNoLeak(OLD, NEW, HOST)
  },
)

test('a path that starts with a dash comes to the filter as a path where git knows no long-running ones', async () => {
  const repository = await transparentRepository()
  repository.git('config', '--unset', 'filter.kmsfile-transparent.process')
  repository.git('config', '--unset', 'filter.kmsfile-guard.process')
  repository.git('config', 'kmsfile.transparent', '*.enc.yaml')
  repository.write('-x.enc.yaml', plain(OLD))
  repository.write('.git/info/attributes', '*.enc.yaml filter=kmsfile-transparent\n-g.yaml filter=kmsfile-guard\n')
  repository.write(
    '.kmsfile.yaml',
    repository.read('.kmsfile.yaml').replace('["secrets/**"]', '["secrets/**", "*.yaml"]'),
  )
  repository.git('add', '--', '-x.enc.yaml')
  expect(repository.stored('-x.enc.yaml')).toContain('ENC[AES256_GCM,')
  repository.remove('-x.enc.yaml')
  repository.git('checkout', '--', '-x.enc.yaml')
  expect(repository.read('-x.enc.yaml')).toBe(plain(OLD))
  repository.write('-g.yaml', plain(OLD))
  expect(repository.tryGit(['add', '--', '-g.yaml']).stderr).toContain('-g.yaml')
  repository.write('-g.yaml', repository.stored('-x.enc.yaml'))
  expect(repository.tryGit(['add', '--', '-g.yaml'])).toMatchObject({ code: 0, stderr: '' })
  repository.expectNoLeak(OLD, HOST)
})
