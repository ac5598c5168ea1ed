import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import { BIN, scratchRepository } from './scratch-repository.ts'

/** Runs kmsfile with a stream that nobody reads; the exit code. */
function codeWithClosed(stream: 'stdout' | 'stderr', args: readonly string[], at: { top: string; env: object }) {
  return new Promise<number | null>((resolve) => {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: at.top,
      env: at.env as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child[stream].destroy()
    child[stream === 'stdout' ? 'stderr' : 'stdout'].resume()
    child.once('close', (code) => resolve(code))
  })
}

test.each([
  ['stderr', ['git', 'hook', 'pre-commit']],
  ['stdout', ['git', 'check', '--staged']],
  ['stderr', ['git', 'check', '--staged']],
] as const)('with a closed %s the answer of %j is the same', async (stream, args) => {
  const repository = scratchRepository()
  repository.write('secrets/a.yaml', 'password: hunter2\n')
  repository.git('add', '.')

  expect(await codeWithClosed(stream, args, repository)).toBe(1)
})
