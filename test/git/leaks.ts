import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync, inflateSync } from 'node:zlib'
import { expect } from 'vitest'

/**
 * Searches all that git keeps of a repository (objects, loose and packed; index, logs, notes, messages, what merges leave) and
 * the folders named besides, for secrets as they are, in base64 and deflated.
 */
export function findLeaks(top: string, secrets: readonly string[], folders: readonly string[] = []): readonly string[] {
  const needles = secrets.flatMap(formsOf)
  const gitDir = existsSync(join(top, '.git')) ? join(top, '.git') : top
  const found: string[] = []
  const look = (where: string, bytes: Uint8Array) => {
    const text = Buffer.from(bytes)
    if (needles.some((needle) => text.includes(needle))) found.push(where)
  }
  for (const file of [gitDir, ...folders].flatMap(filesBelow)) {
    const bytes = readFileSync(file)
    look(file, bytes)
    if (/\/objects\/[0-9a-f]{2}\/[0-9a-f]+$/.test(file)) look(file, inflateSync(bytes))
  }
  look('packs', everyObject(gitDir))
  return found
}

/** Fails where {@link findLeaks} finds something. */
export function expectNoLeak(top: string, secrets: readonly string[], folders: readonly string[] = []): void {
  expect(findLeaks(top, secrets, folders)).toEqual([])
}

function everyObject(gitDir: string): Uint8Array {
  const args = ['--git-dir', gitDir, 'cat-file', '--batch-all-objects', '--batch', '--buffer']
  return execFileSync('git', args, { maxBuffer: 1024 ** 3, env: { PATH: process.env['PATH'] } })
}

/** A text may start at any of three places in a group of base64. */
function formsOf(secret: string): readonly Buffer[] {
  const base64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)]).toString('base64')
    const start = Math.ceil((shift * 8) / 6)
    return Buffer.from(text.slice(start, Math.floor(((shift + Buffer.byteLength(secret)) * 8) / 6)))
  })
  return [Buffer.from(secret), ...base64, deflateRawSync(secret)]
}

function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
}
