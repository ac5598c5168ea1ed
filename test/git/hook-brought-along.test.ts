import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hookScript } from '../../src/git/hooks/hook-script.ts'
import { scratchRepository } from './scratch-repository.ts'

const PROGRAM = 'node_modules/.bin/kmsfile'

test.each([
  ['is not started where the branch brings it along', PROGRAM, false],
  ['is not started where the branch brings its folder along, spelled in another way', 'Node_Modules/x', false],
  ['is started where somebody installed it', undefined, true],
])('where there is no other, a program in node_modules %s', (_what, tracked, isStarted) => {
  const repository = scratchRepository()
  const canary = join(repository.top, '../started')
  const executable = (path: string, text: string) => {
    repository.write(path, `#!/bin/sh\n${text}`)
    chmodSync(join(repository.top, path), 0o755)
  }
  executable(PROGRAM, `: > '${canary}'\n`)
  executable('.git/hooks/pre-commit', hookScript('pre-commit'))
  if (tracked !== undefined) {
    executable(tracked, `: > '${canary}'\n`)
    repository.git('add', '--force', tracked)
  }
  // A PATH on which there is git, and nothing else.
  const bin = join(repository.top, '../bin')
  mkdirSync(bin)
  symlinkSync(execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim(), join(bin, 'git'))
  const { code } = repository.tryGit(['commit', '--allow-empty', '--message=x'], { env: { PATH: bin } })
  expect({ code, started: existsSync(canary) }).toEqual({ code: isStarted ? 0 : 1, started: isStarted })
})
