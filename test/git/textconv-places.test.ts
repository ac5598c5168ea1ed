import { join } from 'node:path'
import { expect, test } from 'vitest'
import { installedRepository, SECRETS } from './installed-repository.ts'
import { FILE } from './merge-repository.ts'

const GRAPHICAL = { env: { PATH: '/usr/bin:/bin' } }
const LINE = `+password: ${SECRETS[1]}`

test('it works in another work tree, with the PATH of graphical programs', async () => {
  const repository = await installedRepository()
  expect(repository.tryGit(['show'], GRAPHICAL)).toMatchObject({ code: 0, stdout: expect.stringContaining(LINE) })
  repository.git('worktree', 'add', '--quiet', '../tree')
  for (const cwd of ['../tree', '../tree/secrets']) {
    expect(repository.tryGit(['show'], { ...GRAPHICAL, cwd })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(LINE),
    })
    expect(repository.kmsfile(['git', 'show'], { cwd }).stdout).toContain(LINE)
  }
  await repository.save('host: a\npassword: only-here\n')
  repository.write('../tree/secrets/prod.yaml', repository.read(FILE))
  for (const args of [
    ['diff'],
    ['diff', '--relative'],
    ['diff', '--no-prefix'],
    ['-c', 'diff.mnemonicPrefix=true', 'diff'],
  ]) {
    expect(repository.tryGit(args, { cwd: '../tree/secrets' }).stdout).toContain('+password: only-here')
    if (args[0] !== 'diff') repository.git('config', 'diff.mnemonicPrefix', 'true')
    const own = args[0] === 'diff' ? args : ['diff']
    const { stdout } = repository.kmsfile(['git', ...own], { cwd: '../tree/secrets' })
    expect({ args, stdout }).toEqual({ args, stdout: expect.stringContaining('+password: only-here') })
  }
})

test('in a bare clone git shows ciphertext, since nothing is installed there, and kmsfile shows values', async () => {
  const repository = await installedRepository()
  repository.git('clone', '--quiet', '--bare', '.', '../bare.git')
  const { code, stdout, stderr } = repository.tryGit(['--git-dir', '../bare.git', 'log', '-p'], GRAPHICAL)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain('+password: ENC[AES256_GCM,')
  const own = repository.kmsfile(['git', 'log', '-p'], { env: { GIT_DIR: join(repository.home, 'bare.git') } })
  expect({ ...own, stdout: '' }).toEqual({ code: 0, stderr: '', stdout: '' })
  expect(own.stdout).toContain(LINE)
})
