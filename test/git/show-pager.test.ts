import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { installedRepository, SECRETS } from './installed-repository.ts'
import { BIN } from './scratch-repository.ts'

const SCRIPT = '/usr/bin/script'

describe.skipIf(!existsSync(SCRIPT))('on a terminal, where a program for that is at hand', () => {
  test.each([
    ['goes to the pager of git, in colours', [], true],
    ['goes to none where somebody wants none, still in colours', ['--no-pager'], false],
  ])('what is shown %s', async (_, options, isPaged) => {
    const repository = await installedRepository()
    const mark = join(repository.home, 'paged')
    repository.git('config', 'core.pager', `tee '${mark}'`)
    const command = [process.execPath, BIN, 'git', 'show', '--values', ...options].map((word) => `'${word}'`).join(' ')
    const { stdout } = spawnSync(SCRIPT, ['--quiet', '--command', command, '/dev/null'], {
      cwd: repository.top,
      env: { ...repository.env, TERM: 'xterm' },
      encoding: 'utf8',
      input: '',
    })
    expect(stdout).toContain(`~ password: \x1b[31m"${SECRETS[0]}"\x1b[m -> \x1b[32m"${SECRETS[1]}"\x1b[m`)
    expect(existsSync(mark)).toBe(isPaged)
  })
})
