import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { endingsOf } from '../../src/git/install/attributes-local.ts'
import { install, planInstall } from '../../src/git/install/install.ts'
import { requireRepository } from '../../src/vcs/repository.ts'
import { hookedRepository, installedState } from './fake-kmsfile.ts'

const AGE = 'age1p4zl3tajna3y3dtp07gejv4enffy0u8jryq798jksm0thf65kpysfy0mp8'
const RULES = `version: 1\nrules: [{ files: ["secrets/**"], keys: [{ age: ${AGE} }] }]\n`
/** What an encrypted file looks like, to git. */
const encrypted = (value: string) => `a: ENC[AES256_GCM,data:${value},iv:x,tag:y,type:str]\n`

describe('in a repository with rules of its own', () => {
  test('the attributes of every clone name the files, and those of this one say what git does with them', async () => {
    const repository = hookedRepository()
    repository.write('.kmsfile.yaml', RULES)
    await repository.install({ guard: true })
    expect(repository.read('.gitattributes')).toBe(
      '# kmsfile-begin\n[attr]kmsfile diff=kmsfile -merge -text\nsecrets/** kmsfile\n# kmsfile-end\n',
    )
    const attributes = (path: string) =>
      repository
        .git(['check-attr', 'diff', 'merge', 'filter', 'text', '--', path])
        .trim()
        .split('\n')
        .map((line) => line.split(': ').slice(1).join('='))
    expect(attributes('secrets/a/b.yaml')).toEqual([
      'diff=kmsfile',
      'merge=kmsfile',
      'filter=kmsfile-guard',
      'text=unset',
    ])
    expect(attributes('other.yaml')).toEqual(['diff', 'merge', 'filter', 'text'].map((name) => `${name}=unspecified`))
    await repository.uninstall()
    expect(existsSync(join(repository.top, '.gitattributes'))).toBe(false)
  })

  test('a clone without kmsfile never merges lines of ciphertext', async () => {
    const repository = hookedRepository()
    repository.write('.kmsfile.yaml', RULES)
    await repository.install()
    repository.write('secrets/a.yaml', encrypted('1'))
    repository.commit()
    repository.git(['checkout', '--quiet', '-b', 'other'])
    repository.write('secrets/a.yaml', `${encrypted('1')}# theirs\n`)
    repository.commit()
    repository.git(['checkout', '--quiet', 'main'])
    repository.write('secrets/a.yaml', `# ours\n${encrypted('1')}`)
    repository.commit()
    repository.git(['clone', '--quiet', '.', '../clone'])
    const clone = join(repository.top, '../clone')
    repository.git(['branch', '--quiet', 'other', 'origin/other'], { cwd: clone })
    expect(() => repository.git(['merge', 'other'], { cwd: clone })).toThrow()
    expect(repository.read('../clone/secrets/a.yaml')).toBe(`# ours\n${encrypted('1')}`)
  })
})

describe('without kmsfile on the PATH', () => {
  test('git shows ciphertext, and its log does not end early', async () => {
    const repository = hookedRepository()
    repository.write('.kmsfile.yaml', RULES)
    await repository.install()
    repository.write('secrets/it\'s "a" $(b).yaml', encrypted('1'))
    repository.commit('one')
    rmSync(join(repository.bin, 'kmsfile'))
    const log = repository.git(['log', '-p'])
    expect(log).toContain('+a: ENC[AES256_GCM,data:1')
  })

  test('a merge keeps ours, says so, and runs nothing that a name says', async () => {
    const repository = hookedRepository()
    const name = 'secrets/x$(touch PWNED)\'"y.yaml'
    repository.write('.kmsfile.yaml', RULES)
    await repository.install()
    repository.write(name, encrypted('1'))
    repository.commit()
    repository.git(['checkout', '--quiet', '-b', 'other'])
    repository.write(name, encrypted('2'))
    repository.commit()
    repository.git(['checkout', '--quiet', 'main'])
    repository.write(name, encrypted('3'))
    repository.commit()
    rmSync(join(repository.bin, 'kmsfile'))
    const { code, stderr } = repository.tryGit('merge', 'other')
    expect(code).toBe(1)
    expect(stderr).toContain(`kmsfile: not on the PATH; kept ours, conflict left in ${name}`)
    expect(repository.read(name)).toBe(encrypted('3'))
    expect(existsSync(join(repository.top, 'PWNED'))).toBe(false)
  })

  test('the guard refuses managed files, and no others', async () => {
    const repository = hookedRepository()
    repository.write('.kmsfile.yaml', RULES)
    await repository.install({ guard: true })
    rmSync(join(repository.bin, 'kmsfile'))
    repository.write('secrets/a.yaml', encrypted('1'))
    repository.write('b.yaml', 'b: 1\n')
    const { code, stderr } = repository.tryGit('add', 'secrets/a.yaml')
    expect(code).not.toBe(0)
    expect(stderr).toContain('kmsfile: refused: there is no kmsfile on the PATH')
    expect(repository.tryGit('add', 'b.yaml').code).toBe(0)
  })
})

test.each(['it\'s $(touch PWNED) %O %f "here" \\'])(
  'a program in a folder called %j is started, and nothing else is',
  async (folder) => {
    const repository = hookedRepository()
    const place = join(repository.top, '..', folder)
    mkdirSync(place)
    const script = join(place, 'kmsfile.cjs')
    writeFileSync(script, 'case $2 in textconv) echo "own: $2 $3";; hook) ;; *) echo "own: $2" >&2; exit 1;; esac\n')
    repository.write('.kmsfile.yaml', RULES)
    await repository.install({ program: { node: '/bin/sh', script }, guard: true })
    repository.write('secrets/a.yaml', encrypted('1'))
    expect(repository.tryGit('add', 'secrets/a.yaml').stderr).toContain('own: filter-guard\n')
    await repository.install({ program: { node: '/bin/sh', script }, guard: false })
    repository.commit()
    expect(repository.git(['show', '--format='])).toContain('+own: textconv /tmp/')
    repository.git(['checkout', '--quiet', '-b', 'other'])
    repository.write('secrets/a.yaml', encrypted('2'))
    repository.commit()
    repository.git(['checkout', '--quiet', 'main'])
    repository.write('secrets/a.yaml', encrypted('3'))
    repository.commit()
    expect(repository.tryGit('merge', 'other').code).toBe(1)
    expect(existsSync(join(repository.top, 'PWNED'))).toBe(false)
    await repository.uninstall()
  },
)

describe('where rules are those of sops', () => {
  const SOPS = `creation_rules:\n  - path_regex: secrets/.*\\.yaml$\n    age: ${AGE}\n`

  test('names that end as theirs have drivers in this clone alone', async () => {
    const repository = hookedRepository()
    repository.write('.sops.yaml', SOPS)
    repository.write('sub/.sops.yaml', SOPS.replace('secrets/.*\\.yaml$', '\\.enc\\.json$'))
    const before = installedState(repository)
    await repository.install({ guard: true })
    expect(existsSync(join(repository.top, '.gitattributes'))).toBe(false)
    expect(repository.read('.git/info/attributes').split('\n').slice(2, 5)).toEqual([
      '[attr]kmsfile-any diff=kmsfile-any merge=kmsfile-any filter=kmsfile-guard',
      '*.yaml kmsfile-any',
      'sub/**/*.enc.json kmsfile-any',
    ])
    await repository.uninstall()
    expect(installedState(repository)).toEqual(before)
  })

  test('files that are not encrypted are shown and merged as ever, without a process of ours', async () => {
    const repository = hookedRepository()
    repository.write('.sops.yaml', SOPS)
    await repository.install()
    const lines = (change: Record<number, string>) =>
      Array.from({ length: 9 }, (_, i) => `${change[i] ?? `k${i}: ${i}`}\n`).join('')
    repository.write('plain.yaml', lines({}))
    repository.commit()
    repository.git(['checkout', '--quiet', '-b', 'other'])
    repository.write('plain.yaml', lines({ 1: 'k1: theirs' }))
    repository.commit()
    repository.git(['checkout', '--quiet', 'main'])
    repository.write('plain.yaml', lines({ 7: 'k7: ours' }))
    repository.commit()
    repository.calls()
    repository.git(['merge', '--quiet', 'other', '--message=m'])
    expect(repository.read('plain.yaml')).toBe(lines({ 1: 'k1: theirs', 7: 'k7: ours' }))
    expect(repository.git(['show', '--format=', 'other'])).toContain('\n+k1: theirs\n')
    expect(repository.calls().map(({ args }) => args[0])).toEqual(['pre-merge-commit', 'prepare-commit-msg'])
  })

  test('files that are encrypted come to kmsfile', async () => {
    const repository = hookedRepository()
    repository.write('.sops.yaml', SOPS)
    await repository.install()
    repository.write('a.yaml', encrypted('1'))
    repository.commit()
    repository.calls()
    repository.git(['show'])
    expect(repository.calls().length).toBe(1)
  })

  test.each([
    ['\\.yaml$', ['.yaml']],
    ['secrets/.*\\.enc\\.ya?ml$', ['.enc.yaml', '.enc.yml']],
    ['(dev|prod)/.*\\.enc\\.json$', ['.enc.json']],
    ['\\.enc\\.yaml', ['.yaml', '.yml', '.json']],
    ['secrets/', ['.yaml', '.yml', '.json']],
    ['a\\.json$|b\\.yaml$', ['.yaml', '.yml', '.json']],
  ])('names that match %s end in %j', (expression, endings) => {
    expect(endingsOf(expression)).toEqual(endings)
  })
})

test('hooks and drivers of a repository are those of its other work trees', async () => {
  const repository = hookedRepository()
  repository.write('.kmsfile.yaml', RULES)
  repository.commit()
  repository.git(['worktree', 'add', '--quiet', '../tree', '-b', 'other'])
  const cwd = join(repository.top, '../tree')
  await repository.install()
  repository.git(['commit', '--quiet', '--allow-empty', '--message=x'], { cwd })
  expect(repository.calls().map(({ args }) => args[0])).toEqual(['pre-commit', 'prepare-commit-msg'])
  expect(repository.git(['config', 'merge.kmsfile.recursive'], { cwd })).toBe('binary\n')
})

test('a submodule has hooks and drivers of its own', async () => {
  const library = hookedRepository()
  library.commit()
  const repository = hookedRepository()
  await repository.install()
  repository.git(['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library.top, 'lib'])
  const cwd = join(repository.top, 'lib')
  const commit = () => repository.git(['commit', '--quiet', '--allow-empty', '--message=x'], { cwd })
  commit()
  expect(repository.calls()).toEqual([])
  const host = { ...repository.host, cwd }
  await install(await planInstall(host, await requireRepository(host, '.')))
  commit()
  expect(repository.calls().map(({ args }) => args[0])).toEqual(['pre-commit', 'prepare-commit-msg'])
  expect(existsSync(join(repository.top, '.git/modules/lib/hooks/pre-commit'))).toBe(true)
})
