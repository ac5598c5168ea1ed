import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { noteSaid, wasSaid } from '../../src/git/hooks/hook-said.ts'
import { scratch } from '../host/scratch.ts'
import {
  COMMIT_HOOKS,
  encrypted,
  RULES,
  type ScratchRepository,
  scratchRepository,
  stage,
} from './scratch-repository.ts'

const PLAIN = 'db:\n  password: hunter2\n'
const SECRET = 'secrets/x.yaml'
const env = { KMSFILE_ALLOW_PLAINTEXT: SECRET }
const WARNING = `kmsfile: warning: ${SECRET}: let pass, this one time: KMSFILE_ALLOW_PLAINTEXT names it\n`

describe('what stops nothing is said once a commit:', () => {
  test.each([
    ['by a commit', ['commit', '--quiet', '--message=x']],
    ['by one that goes past pre-commit', ['commit', '--quiet', '--no-verify', '--message=x']],
    ['by one that is amended', ['commit', '--quiet', '--amend', '--no-edit']],
  ])('%s, and by the next one again', (_, args) => {
    const repository = guarded()
    stage(repository, { [SECRET]: PLAIN })
    for (let i = 0; i < 3; i++) {
      stage(repository, { other: `${i}` })
      expect(repository.tryGit(args, { env })).toEqual({ code: 0, stdout: '', stderr: WARNING })
    }
  })

  test('by a pick, a revert and a merge, in which other hooks run', () => {
    const repository = guarded()
    repository.git('checkout', '--quiet', '-b', 'other')
    repository.commit({ [SECRET]: PLAIN })
    repository.git('checkout', '--quiet', 'main')
    repository.commit({ a: '1' })
    for (const args of [
      ['cherry-pick', 'other'],
      ['merge', '--quiet', '--no-edit', 'other'],
    ]) {
      const { code, stderr } = repository.tryGit(args, { env })
      expect([args, code, stderr]).toEqual([args, 0, WARNING])
      repository.git('reset', '--quiet', '--hard', 'HEAD^')
    }
  })

  test('what changed in the rules, also by a commit that goes past pre-commit', () => {
    for (const more of [[], ['--no-verify']]) {
      const repository = guarded()
      stage(repository, { '.kmsfile.yaml': `${RULES}exempt: [{ path: docs/x.yaml, reason: made up }]\n` })
      const { stderr } = repository.tryGit(['commit', '--quiet', '--message=x', ...more])
      expect(stderr).toBe('kmsfile: note: .kmsfile.yaml:5: /docs/x.yaml may be plaintext: made up\n')
    }
  })

  test('what is refused is said by every hook that runs', async () => {
    const repository = guarded()
    stage(repository, { [SECRET]: PLAIN, 'secrets/y.yaml': await encrypted(PLAIN) })
    for (let i = 0; i < 2; i++) expect(repository.tryGit(['commit', '--message=x']).stderr).toContain('refused')
    expect(existsSync(join(repository.top, '.git/kmsfile/said'))).toBe(false)
  })
})

describe('the memory of what was said', () => {
  const remarks = { notes: [], allowed: SECRET }
  const now = new Date('2026-01-02T03:04:05Z')
  const later = (seconds: number) => new Date(now.getTime() + seconds * 1000)

  test('holds neither names nor words, and is gone when somebody asked', async () => {
    const gitDir = scratch()
    await noteSaid({ gitDir }, remarks, now)
    expect(readFileSync(join(gitDir, 'kmsfile/said'), 'latin1')).toMatch(/^[0-9a-f]{64} \d+\n$/)
    expect(await wasSaid({ gitDir }, remarks, later(1))).toBe(true)
    expect(await wasSaid({ gitDir }, remarks, later(1))).toBe(false)
  })

  test('fits nothing else, and no other time', async () => {
    const gitDir = scratch()
    for (const [other, at] of [
      [{ ...remarks, allowed: 'secrets/y.yaml' }, later(1)],
      [remarks, later(61)],
      [remarks, later(-1)],
    ] as const) {
      await noteSaid({ gitDir }, remarks, now)
      expect(await wasSaid({ gitDir }, other, at)).toBe(false)
    }
  })

  test('is as if it were empty where something is in its way, and follows no link', async () => {
    const gitDir = scratch()
    expect(await wasSaid({ gitDir }, remarks, now)).toBe(false)
    mkdirSync(join(gitDir, 'kmsfile'))
    writeFileSync(join(gitDir, 'victim'), 'mine')
    symlinkSync('../victim', join(gitDir, 'kmsfile/said'))
    await noteSaid({ gitDir }, remarks, now)
    expect(await wasSaid({ gitDir }, remarks, now)).toBe(false)
    expect(readFileSync(join(gitDir, 'victim'), 'utf8')).toBe('mine')
    writeFileSync(join(gitDir, 'not a folder'), '')
    await noteSaid({ gitDir: join(gitDir, 'not a folder') }, remarks, now)
  })
})

function guarded(): ScratchRepository {
  const repository = scratchRepository()
  repository.hooks(...COMMIT_HOOKS)
  return repository
}
