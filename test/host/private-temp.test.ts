import { spawn } from 'node:child_process'
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Host } from '../../src/host/host.ts'
import { type PrivateTemp, withPrivateTemp } from '../../src/host/private-temp.ts'
import { hostIn, program, scratch } from './scratch.ts'

const linux = process.platform === 'linux'
const posix = process.platform !== 'win32'
const inMemory = linux && existsSync('/dev/shm') && statfsSync('/dev/shm').type === 0x01021994
const plaintext = { name: 'prod.enc.yaml', content: 'password: hunter2\n' }
const coded = (code: string) => expect.objectContaining({ code })

/** A machine that has nothing but a disk for temporary files: no Linux, so no memory file system is looked for. */
const diskOnly = (folder: string): Host & { abort(): void } =>
  hostIn(folder, { platform: 'darwin', env: { TMPDIR: folder } })

describe('a private temporary', () => {
  test('has the text, the name of the file and nothing beside it, for its owner alone', async () => {
    const temp = await withPrivateTemp(
      hostIn(scratch()),
      { ...plaintext, name: 'secrets/prod.enc.yaml' },
      async (temp) => {
        expect(basename(temp.path)).toBe('prod.enc.yaml')
        expect(readdirSync(temp.folder)).toEqual(['prod.enc.yaml'])
        expect(readFileSync(temp.path, 'utf8')).toBe(plaintext.content)
        if (posix) {
          expect(statSync(temp.path).mode & 0o777).toBe(0o600)
          expect(statSync(temp.folder).mode & 0o777).toBe(0o700)
        }
        return temp
      },
    )
    expect(existsSync(temp.folder)).toBe(false)
  })

  test.runIf(inMemory)('lies in memory where there is a file system for that', async () => {
    await withPrivateTemp(hostIn(scratch()), plaintext, async (temp) => {
      expect(statfsSync(temp.folder).type).toBe(0x01021994)
      expect(temp.onDisk).toBe(false)
    })
  })

  test('lies in the folder for temporary files otherwise, and says so', async () => {
    const folder = scratch()
    await withPrivateTemp(diskOnly(folder), plaintext, async (temp) => {
      expect(dirname(temp.folder)).toBe(folder)
      expect(temp).toMatchObject({ onDisk: true, mayBeSwapped: false })
    })
    expect(readdirSync(folder)).toEqual([])
  })

  test.runIf(posix)('never lies in a repository, whatever TMPDIR says', async () => {
    const folder = scratch()
    mkdirSync(join(folder, '.git'))
    mkdirSync(join(folder, 'tmp'))
    for (const TMPDIR of [join(folder, 'tmp'), join(folder, '.git'), folder, 'tmp', '.']) {
      const host = hostIn(folder, { platform: 'darwin', env: { TMPDIR } })
      await withPrivateTemp(host, plaintext, async (temp) => expect(temp.folder.startsWith(folder)).toBe(false))
    }
  })

  test('is removed with all that an editor left in its folder', async () => {
    const folder = scratch()
    await withPrivateTemp(diskOnly(folder), plaintext, async (temp) => {
      writeFileSync(join(temp.folder, '.prod.enc.yaml.swp'), 'x')
      mkdirSync(join(temp.folder, 'undo/deep'), { recursive: true })
      writeFileSync(join(temp.folder, 'undo/deep/tree'), 'x', { mode: 0o400 })
    })
    expect(readdirSync(folder)).toEqual([])
  })

  test('is removed when the action fails, and the error stays', async () => {
    const folder = scratch()
    const failing = withPrivateTemp(diskOnly(folder), plaintext, () => Promise.reject(new RangeError('mine')))
    await expect(failing).rejects.toThrow(RangeError)
    expect(readdirSync(folder)).toEqual([])
  })

  test('is removed on an interruption, without a word from the action', async () => {
    const folder = scratch()
    const host = diskOnly(folder)
    const interrupted = withPrivateTemp(host, plaintext, () => {
      host.abort()
      return new Promise(() => {})
    })
    await expect(interrupted).rejects.toEqual(coded('INTERRUPTED'))
    expect(readdirSync(folder)).toEqual([])
  })

  test('is overwritten on a disk before it is removed, but not what a link in its folder leads to', async () => {
    const folder = scratch()
    const outside = scratch()
    writeFileSync(join(outside, 'mine'), 'mine')
    await withPrivateTemp(diskOnly(folder), plaintext, async (temp) => {
      // Another name for the same content shows what became of it.
      linkSync(temp.path, join(outside, 'seen'))
      symlinkSync(join(outside, 'mine'), join(temp.folder, 'link'))
      symlinkSync(outside, join(temp.folder, 'folder'))
    })
    expect(readFileSync(join(outside, 'seen'))).toEqual(Buffer.alloc(plaintext.content.length))
    expect(readFileSync(join(outside, 'mine'), 'utf8')).toBe('mine')
  })

  test.runIf(linux)('of a killed process is removed by the next one', async () => {
    const folder = scratch()
    const child = await program(
      scratch(),
      `import { withPrivateTemp } from '#src/host/private-temp.ts'
       const host = { cwd: '/', env: { TMPDIR: process.argv[2] }, platform: 'darwin', signal: new AbortController().signal }
       await withPrivateTemp(host, { name: 'a', content: 'x' }, (temp) => new Promise(() => {
         console.log(temp.folder)
         setInterval(() => {}, 1000)
       }))`,
    )
    const killed = spawn('node', [child, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    const left = await new Promise<string>((resolve) =>
      killed.stdout.once('data', (line) => resolve(String(line).trim())),
    )
    const other = (await withPrivateTemp(diskOnly(folder), plaintext, async (temp: PrivateTemp) => temp)).folder
    expect([existsSync(left), existsSync(other)]).toEqual([true, false])

    killed.kill('SIGKILL')
    await new Promise((resolve) => killed.once('close', resolve))
    await withPrivateTemp(diskOnly(folder), plaintext, async () => expect(existsSync(left)).toBe(false))
  })

  test('is refused where no folder can be had, and nothing is left', async () => {
    const folder = scratch()
    const host = diskOnly(folder)
    const refused = withPrivateTemp(host, { name: 'n'.repeat(300), content: 'x' }, async () => {})
    await expect(refused).rejects.toEqual(coded('FILE_UNWRITABLE'))
    expect(readdirSync(folder)).toEqual([])
  })

  test('does not start when it is too late', async () => {
    const folder = scratch()
    const host = diskOnly(folder)
    host.abort()
    const late = withPrivateTemp(host, plaintext, async () => expect.fail('started'))
    await expect(late).rejects.toEqual(coded('INTERRUPTED'))
    expect(readdirSync(folder)).toEqual([])
    expect(lstatSync(folder).isDirectory()).toBe(true)
  })
})
