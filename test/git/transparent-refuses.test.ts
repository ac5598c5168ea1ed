import { describe, expect, test } from 'vitest'
import { ana, cat } from '../operations/team.ts'
import { FILE } from './merge-repository.ts'
import { expectClean, HOST, NEW, OLD, plain, touch, transparentRepository } from './transparent-repository.ts'

const SECRETS = [OLD, NEW, HOST]

describe('without a key', () => {
  test('a checkout leaves files encrypted, says so, and nothing differs', async () => {
    const repository = await transparentRepository()
    repository.as(cat)
    repository.remove('secrets')
    const { code, stderr } = repository.tryGit(['checkout', '--', '.'])
    expect(code).toBe(0)
    expect(stderr).toContain(`${FILE}: stays in the work tree as git has it: none of 2 master keys could unwrap`)
    expect(repository.read(FILE)).toBe(repository.stored())
    expectClean(repository)
    repository.as(ana)
    repository.kmsfile(['git', 'install'])
    expect(repository.read(FILE)).toBe(plain(OLD))
    expectClean(repository)
  })

  test('a long list of files that stay encrypted is named in part', async () => {
    const files = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`secrets/${i}.yaml`, plain(OLD)]))
    const repository = await transparentRepository({ files })
    repository.as(cat)
    repository.remove('secrets')
    const { stderr } = repository.tryGit(['checkout', '--', '.'])
    expect(stderr.trim().split('\n').length).toBe(4)
    expect(stderr).toContain('2 more files stay in the work tree')
  })

  test('an edit is not added, in a line that has no value', async () => {
    const repository = await transparentRepository()
    const before = repository.stored()
    repository.as(cat)
    repository.write(FILE, plain(NEW))
    const { code, stderr } = repository.tryGit(['add', FILE])
    expect(code).not.toBe(0)
    expect(stderr).toContain(`${FILE}: not added: none of 2 master keys could unwrap`)
    for (const secret of SECRETS) expect(stderr).not.toContain(secret)
    expect(repository.stored()).toBe(before)
    repository.as(ana)
    repository.git('add', FILE)
    repository.expectNoLeak(...SECRETS)
  })
})

describe('a version in the index that does not verify', () => {
  test('is checked out encrypted, and no edit is added on top of it', async () => {
    const repository = await transparentRepository()
    const broken = repository.stored().replace('host:', 'hosts:')
    const id = repository.tryGit(['hash-object', '-w', '--no-filters', '--stdin'], { input: broken }).stdout.trim()
    repository.git('update-index', '--cacheinfo', `100644,${id},${FILE}`)
    repository.write(FILE, plain(NEW))
    const add = repository.tryGit(['add', FILE])
    expect(add.code).not.toBe(0)
    expect(add.stderr).toContain(`${FILE}: not added: hosts: a value does not belong to this place`)
    const restore = repository.tryGit(['checkout', '--', FILE])
    expect(restore.code).toBe(0)
    expect(restore.stderr).toContain('stays in the work tree as git has it')
    expect(repository.read(FILE)).toBe(broken)
    repository.expectNoLeak(...SECRETS)
  })

  test('gives way to the plaintext of the last commit', async () => {
    const repository = await transparentRepository()
    const good = repository.stored()
    const id = repository.tryGit(['hash-object', '-w', '--no-filters', '--stdin'], {
      input: good.replace('host:', 'hosts:'),
    }).stdout
    repository.git('update-index', '--cacheinfo', `100644,${id.trim()},${FILE}`)
    repository.git('add', FILE)
    expect(repository.stored()).toBe(good)
    expectClean(repository)
  })
})

describe('a path that the pattern takes', () => {
  test('is refused where no rule is for it', async () => {
    const repository = await transparentRepository({ options: ['--transparent', '*.yaml'] })
    repository.write('other/a.yaml', plain(NEW))
    const { code, stderr } = repository.tryGit(['add', 'other/a.yaml'])
    expect(code).not.toBe(0)
    expect(stderr).toContain('other/a.yaml: not added: no rule says for whom to encrypt it')
    repository.expectNoLeak(NEW)
  })

  test('stays as it is where an exemption is for it', async () => {
    const repository = await transparentRepository()
    const rules = repository.read('.kmsfile.yaml')
    repository.write('.kmsfile.yaml', `${rules}exempt:\n  - { path: secrets/README, reason: "a text" }\n`)
    repository.write('secrets/README', Buffer.from([0x68, 0xff, 0x0a]))
    expect(repository.tryGit(['add', 'secrets/README']).stderr).toContain('its exemption does not count yet')
    repository.git('commit', '--quiet', '--all', '--message=exemption')
    repository.git('add', '--all')
    repository.git('commit', '--quiet', '--message=two')
    expectClean(repository)
  })

  test.each([
    ['that cannot be taken apart', 'a: [\n', 'not added:'],
    ['that is half encrypted', `a: ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]\nb: ${NEW}\n`, 'refused:'],
    ['of another encoding', Buffer.from([0x61, 0x3a, 0x20, 0xff, 0x0a]), 'not added:'],
  ])('is refused with a text %s', async (_, text, message) => {
    const repository = await transparentRepository()
    repository.write('secrets/b.yaml', text)
    const { code, stderr } = repository.tryGit(['add', 'secrets/b.yaml'])
    expect({ code, stderr }).toEqual({ code: 128, stderr: expect.stringContaining(message) })
    expect(stderr).not.toContain(NEW)
    repository.expectNoLeak(NEW)
  })
})

test('without kmsfile on the PATH, no file is added', async () => {
  const repository = await transparentRepository()
  for (const name of ['process', 'clean']) {
    const line = repository.git('config', `filter.kmsfile-transparent.${name}`).trim()
    repository.git('config', `filter.kmsfile-transparent.${name}`, line.replace(/^if test.*?; elif/, 'if'))
  }
  repository.write(FILE, plain(NEW))
  const { code, stderr } = repository.tryGit(['add', FILE], { env: { PATH: '/usr/bin:/bin' } })
  expect(code).not.toBe(0)
  expect(stderr).toContain('kmsfile: refused: there is no kmsfile on the PATH')
  touch(repository)
  repository.expectNoLeak(...SECRETS)
})
