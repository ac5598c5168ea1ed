import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { installedRepository, plain, SECRETS } from './installed-repository.ts'
import { FILE } from './merge-repository.ts'

describe('a repository cannot make a look at it', () => {
  test('start a program: of those that the configuration names, none is asked for', async () => {
    const repository = await installedRepository()
    await repository.save(plain('third'))
    const mark = join(repository.home, 'started')
    for (const name of ['diff.external', 'diff.kmsfile.command', 'core.fsmonitor', 'core.pager']) {
      repository.git('config', name, `touch '${mark}'; cat`)
    }
    for (const args of [
      ['diff'],
      ['diff', '--values'],
      ['show'],
      ['log', '-p'],
      ['diff', '--', ':(icase)SECRETS/PROD.yaml'],
    ]) {
      const { code, stdout, stderr } = repository.kmsfile(['git', ...args])
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' })
      expect(stdout).toContain(SECRETS[1])
    }
    expect(existsSync(mark)).toBe(false)
  })

  test('read a file through a link', async () => {
    const repository = await installedRepository()
    rmSync(join(repository.top, FILE))
    writeFileSync(join(repository.home, 'ENC[AES256_GCM,x'), 'outside: the repository\n')
    symlinkSync('../../ENC[AES256_GCM,x', join(repository.top, FILE))
    const { code, stdout } = repository.kmsfile(['git', 'diff'])
    expect(code).toBe(0)
    expect(stdout).toContain('new file mode 120000')
    expect(stdout).not.toContain('outside: the repository')
  })

  test('read a file that a message names as if it were a patch', async () => {
    const repository = await installedRepository()
    writeFileSync(join(repository.home, 'outside.yaml'), 'outside: the repository\n')
    repository.write('notes.yaml', 'inside: but not committed\n')
    const blob = repository.git('rev-parse', `HEAD:${FILE}`).trim()
    const patches = ['../outside.yaml', 'notes.yaml'].map(
      (name) =>
        `diff --git a/${name} b/${name}\nindex ${blob}..${'1'.repeat(40)} 100644\n--- a/${name}\n+++ b/${name}\n@@ -1 +1 @@\n-ENC[AES256_GCM,\n+x\n`,
    )
    const message = `x\n\n${patches.join('')}`
    repository.tryGit(['commit', '--quiet', '--allow-empty', '--cleanup=verbatim', '--file=-'], { input: message })
    const { code, stdout } = repository.kmsfile(['git', 'log', '-1', '-p', '--format=%B'])
    expect({ code, stdout: stdout.trimEnd() }).toEqual({ code: 0, stdout: message.trimEnd() })
  })
})

test('a repository cannot hide a change by calling a file binary', async () => {
  const repository = await installedRepository()
  repository.commit({ '.gitattributes': '* -diff\n' }, 'nothing to see here')
  repository.write('.git/info/attributes', '')
  await repository.save(plain('third'))
  expect(repository.git('diff')).toContain('Binary files ')
  const { stdout } = repository.kmsfile(['git', 'diff'])
  expect(stdout).toContain(`\n-password: ${SECRETS[1]}\n+password: third\n`)
  expect(stdout).not.toContain('Binary files ')
  expect(repository.kmsfile(['git', 'diff', '--keys']).stdout).toContain('\n~ password\n')
  repository.write('x.bin', 'ENC[AES256_GCM,')
  repository.git('add', '--intent-to-add', 'x.bin')
  expect(repository.kmsfile(['git', 'diff', '--', 'x.bin']).stdout).toContain('Binary files ')
})

describe('what is not at hand is as git shows it', () => {
  test('a version that was lost', async () => {
    const repository = await installedRepository()
    const id = repository.git('rev-parse', `HEAD~:${FILE}`).trim()
    rmSync(join(repository.top, '.git/objects', id.slice(0, 2), id.slice(2)), { force: true })
    // Git itself ends there.
    expect(repository.tryGit(['diff', '--no-textconv', 'HEAD~']).code).toBe(128)
    expect(repository.kmsfile(['git', 'diff', 'HEAD~']).code).toBe(7)
    expect(repository.kmsfile(['git', 'diff', 'HEAD', 'HEAD'])).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test('in a partial clone, where nothing is fetched that git would not fetch', async () => {
    const repository = await installedRepository()
    for (let i = 0; i < 6; i++) await repository.saved(plain(`version-${i}`))
    repository.git('config', 'uploadpack.allowFilter', 'true')
    const fetches = (clone: string, run: (trace: string) => unknown) => {
      repository.git(
        'clone',
        '--quiet',
        '--no-checkout',
        '--filter=blob:none',
        `file://${repository.top}`,
        `../${clone}`,
      )
      const trace = join(repository.home, `${clone}.trace`)
      run(trace)
      return readFileSync(trace, 'utf8').match(/"child_start".*"fetch"/g)?.length ?? 0
    }
    const git = fetches('by-git', (trace) =>
      repository.tryGit(['log', '-p', '--no-textconv'], { cwd: '../by-git', env: { GIT_TRACE2_EVENT: trace } }),
    )
    expect(git).toBeGreaterThan(0)
    const own = fetches('by-us', (trace) => {
      const result = repository.kmsfile(['git', 'log', '-p'], { cwd: '../by-us', env: { GIT_TRACE2_EVENT: trace } })
      expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 0, stderr: '' })
      expect(result.stdout).toContain('+password: version-5')
    })
    expect(own).toBe(git)
  })

  test('two files that are in no repository differ, or do not', async () => {
    const repository = await installedRepository()
    expect(repository.kmsfile(['git', 'diff', '--no-index', FILE, '.kmsfile.yaml']).code).toBe(1)
    expect(repository.kmsfile(['git', 'diff', '--no-index', FILE, FILE])).toEqual({ code: 0, stdout: '', stderr: '' })
  })
})

test('large values and many keys are shown within bounds', async () => {
  const repository = await installedRepository()
  const many = Array.from({ length: 12_000 }, (_, i) => `  k${i}: v${i}\n`).join('')
  await repository.saved(`a: ${'x'.repeat(1024 * 1024)}\n`)
  await repository.saved(`a: ${'x'.repeat(1024 * 1024 - 1)}y\nc:\n${many}`)
  const { code, stdout } = repository.kmsfile(['git', 'show', '--values'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^~ a: \.\.\."x+"\.* \(1048576 characters\) -> \.\.\."x+y" \(1048576 characters\)$/m)
  expect(stdout.length).toBeLessThan(400_000)
  expect(stdout.trimEnd().endsWith('! (there may be more: see the lines)')).toBe(true)
  // Lines are as they are.
  expect(repository.kmsfile(['git', 'show']).stdout).toContain(`\n+a: ${'x'.repeat(1024 * 1024 - 1)}y\n`)
})
