import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createPrivateFile, readPrivateFile } from '../../src/host/private-file.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'private-file-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

const modeOf = (path: string) => statSync(path).mode & 0o777

test('a private file, and the folders it needs, are for their owner alone', async () => {
  const path = join(folder(), 'a', 'b', 'file')
  await createPrivateFile(path, 'text')
  expect(readFileSync(path, 'utf8')).toBe('text')
  expect(readdirSync(dirname(path))).toEqual(['file'])
  if (process.platform === 'win32') return
  expect([path, dirname(path), dirname(dirname(path))].map(modeOf)).toEqual([0o600, 0o700, 0o700])
})

test('a folder that is there keeps its mode', async () => {
  const path = join(folder(), 'a')
  mkdirSync(path, { mode: 0o755 })
  await createPrivateFile(join(path, 'file'), '')
  expect(modeOf(path)).toBe(0o755)
})

test('a file that is there is never touched', async () => {
  const path = join(folder(), 'file')
  writeFileSync(path, 'before')
  await expect(createPrivateFile(path, 'after')).rejects.toMatchObject({ code: 'FILE_EXISTS', file: path })
  expect(readFileSync(path, 'utf8')).toBe('before')
  await expect(createPrivateFile(join(path, 'below'), '')).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
})

test('a private file is read whole; where there is none, or none can be, nothing is', async () => {
  const path = join(folder(), 'file')
  writeFileSync(path, 'text')
  expect(Buffer.from((await readPrivateFile(path, 4))!).toString()).toBe('text')
  expect(await readPrivateFile(`${path}s`, 4)).toBeUndefined()
  expect(await readPrivateFile(join(path, 'below'), 4)).toBeUndefined()
  await expect(readPrivateFile(path, 3)).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' })
  await expect(readPrivateFile(dirname(path), 10_000)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
})
