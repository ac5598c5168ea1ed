import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { createFile, readFile, readStdin, readText, replaceFile } from '../../src/host/files.ts'
import { ownMark } from '../../src/host/process-mark.ts'
import { isTemporaryName } from '../../src/host/temporary.ts'
import { hostIn, program, scratch } from './scratch.ts'

const root = process.getuid?.() === 0
const posix = process.platform !== 'win32'
const coded = (code: string) => expect.objectContaining({ code })

describe('reading', () => {
  test('gives the bytes and the text, with the byte order mark', async () => {
    const path = join(scratch(), 'a.yaml')
    writeFileSync(path, '\uFEFFa: ä\r\n')
    const { text, bytes } = await readText(path)
    expect(text).toBe('\uFEFFa: ä\r\n')
    expect(bytes).toEqual(new Uint8Array(readFileSync(path)))
  })

  test('reads an empty file', async () => {
    const path = join(scratch(), 'empty')
    writeFileSync(path, '')
    expect(await readFile(path)).toEqual(new Uint8Array())
  })

  test.runIf(posix)('reads a pipe to its end, whatever size the system says it has', async () => {
    const path = join(scratch(), 'pipe')
    spawnSync('mkfifo', [path])
    const writer = spawn('sh', ['-c', `head -c 300000 /dev/zero > "$0"`, path])
    expect((await readFile(path)).length).toBe(300_000)
    writer.kill()
  })

  test('says that a file is missing, also where a folder of its path is a file', async () => {
    const folder = scratch()
    writeFileSync(join(folder, 'file'), '')
    await expect(readFile(join(folder, 'none'))).rejects.toEqual(coded('FILE_NOT_FOUND'))
    await expect(readFile(join(folder, 'file/none'))).rejects.toEqual(coded('FILE_NOT_FOUND'))
  })

  test('refuses a folder, and names it', async () => {
    const folder = scratch()
    await expect(readFile(folder)).rejects.toEqual(expect.objectContaining({ code: 'FILE_UNREADABLE', file: folder }))
  })

  test.skipIf(root)('refuses a file without permission', async () => {
    const path = join(scratch(), 'a')
    writeFileSync(path, '', { mode: 0o000 })
    await expect(readFile(path)).rejects.toEqual(coded('FILE_UNREADABLE'))
  })

  test('refuses what is larger than asked for', async () => {
    const path = join(scratch(), 'a')
    writeFileSync(path, '12345')
    expect((await readFile(path, { maxBytes: 5 })).length).toBe(5)
    await expect(readFile(path, { maxBytes: 4 })).rejects.toEqual(coded('FILE_TOO_LARGE'))
  })

  test.runIf(posix)('refuses an endless device', async () => {
    await expect(readFile('/dev/zero', { maxBytes: 1000 })).rejects.toEqual(coded('FILE_TOO_LARGE'))
  })

  test('places what is not UTF-8', async () => {
    const path = join(scratch(), 'a')
    writeFileSync(path, Buffer.from([0x61, 0x0a, 0xc3, 0xa4, 0x62, 0xe2, 0x28, 0x0a]))
    await expect(readText(path)).rejects.toEqual(
      expect.objectContaining({
        code: 'FORMAT_ENCODING',
        file: path,
        line: 2,
        column: 3,
        message: expect.stringMatching(/offset 5$/),
      }),
    )
  })

  test('places a character that the end cuts off', async () => {
    const path = join(scratch(), 'a')
    writeFileSync(path, Buffer.from([0x61, 0xf0, 0x9f, 0x92]))
    await expect(readText(path)).rejects.toEqual(expect.objectContaining({ code: 'FORMAT_ENCODING', column: 2 }))
  })

  test('recognizes UTF-16', async () => {
    const path = join(scratch(), 'a')
    writeFileSync(path, Buffer.from('\uFEFFpassword', 'utf16le'))
    const error = await readText(path).catch((error) => error)
    expect(error).toEqual(coded('FORMAT_ENCODING'))
    expect(error.hint).toContain('iconv')
  })
})

describe('stdin', () => {
  test('is read to its end', async () => {
    const folder = scratch()
    const stdin = Readable.from([Buffer.from('ab'), Buffer.from('c')])
    expect(await readStdin(hostIn(folder, { stdin }))).toEqual(new Uint8Array([97, 98, 99]))
  })

  test('is refused when there is too much of it', async () => {
    const stdin = Readable.from([Buffer.alloc(10), Buffer.alloc(10)])
    await expect(readStdin(hostIn(scratch(), { stdin }), { maxBytes: 15 })).rejects.toEqual(
      expect.objectContaining({ code: 'FILE_TOO_LARGE', file: '-' }),
    )
  })

  test('is not waited for after an interruption', async () => {
    const host = hostIn(scratch(), { stdin: new Readable({ read() {} }) })
    const read = readStdin(host)
    host.abort()
    await expect(read).rejects.toEqual(coded('INTERRUPTED'))
  })
})

describe('replacing', () => {
  test('makes a new file that its owner alone can read', async () => {
    const path = join(scratch(), 'new')
    expect(await replaceFile(path, 'text')).toEqual({ hardLinks: 0 })
    expect(readFileSync(path, 'utf8')).toBe('text')
    if (posix) expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test.runIf(posix)('keeps the mode of the old file, unless another is asked for', async () => {
    const path = join(scratch(), 'a')
    writeFileSync(path, 'old')
    chmodSync(path, 0o640)
    await replaceFile(path, 'new')
    expect(statSync(path).mode & 0o7777).toBe(0o640)
    await replaceFile(path, 'newer', { mode: 0o600 })
    expect(statSync(path).mode & 0o7777).toBe(0o600)
  })

  test.runIf(root)('keeps owner and group where the system lets us', async () => {
    const path = join(scratch(), 'a')
    writeFileSync(path, 'old')
    chownSync(path, 1234, 2345)
    await replaceFile(path, 'new')
    expect(statSync(path)).toMatchObject({ uid: 1234, gid: 2345 })
  })

  test('makes a new file rather than writing over the old one', async () => {
    const path = join(scratch(), 'a')
    writeFileSync(path, 'old')
    const before = statSync(path).ino
    await replaceFile(path, 'new')
    expect(statSync(path).ino).not.toBe(before)
    expect(readFileSync(path, 'utf8')).toBe('new')
  })

  test.runIf(posix)('replaces what a link leads to, and the link stays', async () => {
    const folder = scratch()
    mkdirSync(join(folder, 'real'))
    writeFileSync(join(folder, 'real/a'), 'old')
    symlinkSync('real/a', join(folder, 'one'))
    symlinkSync('one', join(folder, 'two'))
    await replaceFile(join(folder, 'two'), 'new')
    expect(lstatSync(join(folder, 'two')).isSymbolicLink()).toBe(true)
    expect(readFileSync(join(folder, 'real/a'), 'utf8')).toBe('new')
    expect(readdirSync(folder).sort()).toEqual(['one', 'real', 'two'])
  })

  test.runIf(posix)('makes the file that a broken link promises', async () => {
    const folder = scratch()
    mkdirSync(join(folder, 'real'))
    symlinkSync('real/../real/a', join(folder, 'link'))
    await replaceFile(join(folder, 'link'), 'new')
    expect(readFileSync(join(folder, 'real/a'), 'utf8')).toBe('new')
  })

  test('counts the other names that keep the old content', async () => {
    const folder = scratch()
    writeFileSync(join(folder, 'a'), 'old')
    linkSync(join(folder, 'a'), join(folder, 'b'))
    linkSync(join(folder, 'a'), join(folder, 'c'))
    expect(await replaceFile(join(folder, 'a'), 'new')).toEqual({ hardLinks: 2 })
    expect(readFileSync(join(folder, 'b'), 'utf8')).toBe('old')
  })

  test('refuses a folder', async () => {
    const folder = scratch()
    await expect(replaceFile(folder, 'x')).rejects.toEqual(
      expect.objectContaining({ code: 'FILE_UNWRITABLE', file: folder }),
    )
  })

  test('refuses a path whose folder is missing', async () => {
    await expect(replaceFile(join(scratch(), 'none/a'), 'x')).rejects.toEqual(coded('FILE_UNWRITABLE'))
  })

  test.skipIf(root || !posix)('refuses a file that is protected against writing', async () => {
    const path = join(scratch(), 'a')
    writeFileSync(path, 'old', { mode: 0o400 })
    await expect(replaceFile(path, 'new')).rejects.toEqual(coded('FILE_UNWRITABLE'))
    expect(readFileSync(path, 'utf8')).toBe('old')
  })

  test.runIf(posix)('keeps a name of the greatest length', async () => {
    const path = join(scratch(), 'n'.repeat(255))
    await replaceFile(path, 'old')
    await replaceFile(path, 'new')
    expect(readFileSync(path, 'utf8')).toBe('new')
  })

  test.runIf(posix)('writes to a pipe instead of replacing it', async () => {
    const path = join(scratch(), 'pipe')
    spawnSync('mkfifo', [path])
    const reader = spawn('cat', [path])
    const read = new Promise((resolve) => reader.stdout.once('data', (chunk) => resolve(String(chunk))))
    await replaceFile(path, 'through')
    expect(await read).toBe('through')
    expect(lstatSync(path).isFIFO()).toBe(true)
  })

  test.runIf(posix)('leaves the old file and no temporary when the space runs out', async () => {
    const folder = scratch()
    const path = join(folder, 'a')
    writeFileSync(path, 'old')
    const child = await program(
      scratch(),
      `import { replaceFile } from '#src/host/files.ts'
       await replaceFile(process.argv[2], new Uint8Array(1_000_000)).catch((error) => console.log(error.code))`,
    )
    // In blocks of 512 bytes or 1 kB: the write fails in the middle.
    const { stdout } = spawnSync('sh', ['-c', 'ulimit -f 100; exec node "$0" "$1"', child, path], { encoding: 'utf8' })
    expect(stdout.trim()).toBe('FILE_UNWRITABLE')
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(readdirSync(folder)).toEqual(['a'])
  })

  test('leaves no temporary when the rename fails', async () => {
    const folder = scratch()
    // A folder appears in the place of the file after all that can be checked before has been.
    const path = join(folder, 'a')
    const replaced = replaceFile(path, new Uint8Array(20_000_000))
    while (!readdirSync(folder).some(isTemporaryName)) await new Promise(setImmediate)
    mkdirSync(path)
    await expect(replaced).rejects.toEqual(coded('FILE_UNWRITABLE'))
    expect(readdirSync(folder)).toEqual(['a'])
  })
})

describe('what killed processes left', () => {
  const leftover = (folder: string, name: string, mark: string, daysOld: number) => {
    const path = join(folder, `.${name}.kmsfile-${mark}-01234567.tmp`)
    writeFileSync(path, 'half')
    const time = Date.now() / 1000 - daysOld * 86_400
    utimesSync(path, time, time)
    return path
  }
  /** The mark of a process that has this number no more. */
  const dead = ownMark().replace(/^\d+\.\d+/, '1.1')
  const elsewhere = '1.1.00000000'

  test.runIf(process.platform === 'linux')(
    'is removed by the next writer of the same file, and of no other',
    async () => {
      const folder = scratch()
      const gone = leftover(folder, 'a', dead, 0)
      const other = leftover(folder, 'b', dead, 0)
      await replaceFile(join(folder, 'a'), 'x')
      expect([existsSync(gone), existsSync(other)]).toEqual([false, true])
    },
  )

  test('stays while its process runs, or may run elsewhere', async () => {
    const folder = scratch()
    const running = leftover(folder, 'a', ownMark(), 9)
    const unknown = leftover(folder, 'a', elsewhere, 0.5)
    await replaceFile(join(folder, 'a'), 'x')
    expect([existsSync(running), existsSync(unknown)]).toEqual([true, true])
  })

  test('is removed after a day where nobody can tell', async () => {
    const folder = scratch()
    const old = leftover(folder, 'a', elsewhere, 1.5)
    await replaceFile(join(folder, 'a'), 'x')
    expect(existsSync(old)).toBe(false)
  })

  test.runIf(root)('stays where it is somebody else’s', async () => {
    const folder = scratch()
    const foreign = leftover(folder, 'a', dead, 9)
    chownSync(foreign, 1234, 1234)
    await replaceFile(join(folder, 'a'), 'x')
    expect(existsSync(foreign)).toBe(true)
  })
})

describe('creating', () => {
  test('makes a file and leaves nothing beside it', async () => {
    const folder = scratch()
    await createFile(join(folder, 'a'), 'text', { mode: 0o644 })
    expect(readdirSync(folder)).toEqual(['a'])
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('text')
    if (posix) expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o644)
  })

  test('never replaces, be it a broken link', async () => {
    const folder = scratch()
    writeFileSync(join(folder, 'a'), 'old')
    symlinkSync('nowhere', join(folder, 'b'))
    for (const name of ['a', 'b']) {
      await expect(createFile(join(folder, name), 'new')).rejects.toEqual(coded('FILE_EXISTS'))
    }
    expect(readdirSync(folder).sort()).toEqual(['a', 'b'])
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('old')
  })
})

test('a file is old or new, and whole, at every moment, also when its writer is killed', async () => {
  const size = 4_000_000
  const folder = scratch()
  const path = join(folder, 'a')
  const child = await program(
    scratch(),
    `import { replaceFile } from '#src/host/files.ts'
     for (let turn = 0; ; turn++) await replaceFile(process.argv[2], String(turn % 10).repeat(${size}))`,
  )
  const expectWhole = () => {
    const content = readFileSync(path)
    expect(content.length).toBe(size)
    expect(content.equals(Buffer.alloc(size, content[0]))).toBe(true)
  }
  /** How much of the temporary of this moment is written. */
  const progress = (): number | undefined => {
    const name = readdirSync(folder).find(isTemporaryName)
    return name === undefined ? undefined : statSync(join(folder, name), { throwIfNoEntry: false })?.size
  }
  const moments: readonly ((written: number | undefined) => boolean)[] = [
    (written) => written === 0,
    (written) => written !== undefined && written > 0 && written < size,
    (written) => written === size,
    (written) => written === undefined && !readFileSync(path).includes('x'),
  ]
  writeFileSync(path, 'x'.repeat(size))
  for (let turn = 0; turn < 32; turn++) {
    for (const name of readdirSync(folder).filter(isTemporaryName)) unlinkSync(join(folder, name))
    const writer = spawn('node', [child, path], { stdio: 'inherit' })
    const closed = new Promise((resolve) => writer.once('close', resolve))
    const isMoment = moments[turn % moments.length]!
    while (!isMoment(progress())) {
      expectWhole()
      await new Promise(setImmediate)
    }
    writer.kill('SIGKILL')
    await closed
    expectWhole()
  }
})
