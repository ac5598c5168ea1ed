import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { type WalkOptions, walkFiles } from '../../src/host/walk.ts'
import { scratch } from './scratch.ts'

const coded = (code: string) => expect.objectContaining({ code })

function folderWith(...paths: string[]): string {
  const folder = scratch()
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), '')
  }
  return folder
}

async function walked(folder: string, options?: WalkOptions): Promise<string[]> {
  const paths: string[] = []
  for await (const path of walkFiles(folder, options)) paths.push(path)
  return paths
}

test('finds every file below a folder, in a stable order', async () => {
  const folder = folderWith('b', 'a/z', 'a/b/c', '.hidden', 'c/d')
  expect(await walked(folder)).toEqual(['.hidden', 'b', 'a/z', 'a/b/c', 'c/d'])
})

test('leaves out what is git’s own, be it a folder or a file, and temporaries of ours', async () => {
  const folder = folderWith('.git/config', 'sub/.git', 'sub/a', 'sub/.a.kmsfile-12.34.0123abcd-01234567.tmp')
  expect(await walked(folder)).toEqual(['sub/a'])
})

test('leaves out links, so that it neither leaves the folder nor runs in circles', async () => {
  const folder = folderWith('a/b')
  symlinkSync('..', join(folder, 'a/up'))
  symlinkSync('/etc', join(folder, 'etc'))
  symlinkSync('b', join(folder, 'a/other'))
  expect(await walked(folder)).toEqual(['a/b'])
})

test('leaves out what the caller does not want', async () => {
  const folder = folderWith('node_modules/x/y', 'a.yaml', 'b/a.txt')
  const skip: WalkOptions['skip'] = (path, kind) =>
    kind === 'folder' ? path === 'node_modules' : path.endsWith('.txt')
  expect(await walked(folder, { skip })).toEqual(['a.yaml'])
})

test('reads folders as they are asked for', async () => {
  const folder = folderWith('a', 'late/b')
  const files = walkFiles(folder)
  expect((await files.next()).value).toBe('a')
  writeFileSync(join(folder, 'late/a'), '')
  expect((await files.next()).value).toBe('late/a')
  expect((await files.return(undefined)).done).toBe(true)
})

test('says that a folder is missing, or none', async () => {
  const folder = folderWith('a')
  await expect(walked(join(folder, 'none'))).rejects.toEqual(coded('FILE_NOT_FOUND'))
  await expect(walked(join(folder, 'a'))).rejects.toEqual(coded('FILE_NOT_FOUND'))
})

test.skipIf(process.getuid?.() === 0)('does not pass over a folder that it cannot look into', async () => {
  const folder = folderWith('a')
  mkdirSync(join(folder, 'closed'), { mode: 0o000 })
  await expect(walked(folder)).rejects.toEqual(coded('FILE_UNREADABLE'))
})
