import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { looseMode, nodeVersion } from '../../src/host/machine.ts'

test.each([
  [0o600, undefined],
  [0o400, undefined],
  [0o640, '640'],
  [0o604, '604'],
  [0o610, '610'],
])('a file of mode %o is loose: %s', async (mode, expected) => {
  const folder = mkdtempSync(join(tmpdir(), 'kmsfile-mode-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'keys.txt')
  writeFileSync(path, '')
  chmodSync(path, mode)
  expect(await looseMode(path, 'linux')).toBe(expected)
  expect(await looseMode(path, 'win32')).toBeUndefined()
})

test('what is no file is not loose', async () => {
  expect(await looseMode('/nonexistent', 'linux')).toBeUndefined()
  expect(await looseMode(tmpdir(), 'linux')).toBeUndefined()
})

test('Node has a version', () => {
  expect(nodeVersion()).toMatch(/^\d+\.\d+\.\d+/)
})
