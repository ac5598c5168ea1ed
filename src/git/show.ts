import { join } from 'node:path'
import { KmsfileError } from '../errors.ts'
import { readFile } from '../host/files.ts'
import type { Workspace } from '../operations/workspace.ts'
import type { GitConfig } from '../vcs/git-config.ts'
import type { ObjectReader, Repository } from '../vcs/repository.ts'
import { isNothing } from './check-listing.ts'
import { type Revealed, revealer } from './revealed.ts'
import { NO_COLORS, patchColors } from './show-colors.ts'
import { type PatchSection, patchReader } from './show-patch.ts'
import { printSection } from './show-section.ts'

export interface ShowCall {
  readonly command: 'diff' | 'log' | 'show'
  /** What git gets, as it was typed. */
  readonly args: readonly string[]
  /** Shows which keys changed, instead of lines. */
  readonly keysOnly: boolean
  /** Shows no values, although their key is at hand. */
  readonly hide: boolean
  readonly color: boolean
  readonly config: GitConfig
}

const MARKER = 'ENC[AES256_GCM,'
const MAX_BYTES = 64 * 1024 * 1024
/** The new version of one commit is the old one of the next. */
const REMEMBERED = 64

/**
 * What git prints for a command, with the patches of encrypted files made from their values: two git processes, whatever the
 * number of files and revisions. Whom the workspace asks for keys is its own affair. The result is git's exit code, 0 or 1.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function showPatches(
  workspace: Workspace,
  repository: Repository,
  call: ShowCall,
  write: (text: string | Uint8Array) => Promise<void>,
): Promise<number> {
  const { command, args, config, color } = call
  const versions = versionsOf(workspace, repository, call)
  const reader = patchReader({ graph: args.includes('--graph') })
  const options = {
    context: contextOf(args, config),
    keysOnly: call.keysOnly,
  }
  const colored = patchColors(config)
  const print = async (items: readonly (string | PatchSection)[]) => {
    await versions.fetch(items.flatMap((item) => (typeof item !== 'string' && isEncrypted(item) ? [item] : [])))
    for (const item of items) {
      if (typeof item === 'string') await write(Buffer.from(item, 'latin1'))
      else if (!isEncrypted(item)) await write(Buffer.from(item.header.concat(item.body).join(''), 'latin1'))
      else {
        const [old, now] = [await versions.of(item, item.old[0] ?? ''), await versions.of(item, item.new)]
        const colors = item.header[0]?.includes('\x1b') === true ? colored : NO_COLORS
        await write(printSection(item, { old, new: now }, { ...options, colors }))
      }
    }
    versions.trim()
  }
  const words = [command, '--no-textconv', '--full-index', ...(color ? ['--color=always'] : []), ...args]
  try {
    const env = { GIT_PAGER_IN_USE: color ? 'true' : 'false' }
    const options = { cwd: workspace.host.cwd, env }
    const push = (bytes: Uint8Array) =>
      print(reader.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')))
    let exitCode = 0
    if (args.includes('--exit-code') || args.includes('--quiet')) {
      const result = await repository.git(words, { ...options, exitCodes: [0, 1] })
      exitCode = result.exitCode
      await push(result.stdout)
    } else for await (const chunk of repository.stream(words, options)) await push(chunk)
    await print(reader.end())
    return exitCode
  } finally {
    versions.close()
  }
}

/** A change with two sides, at least one of them encrypted. Those of merges, with several, stay as git shows them: ciphertext. */
function isEncrypted({ old, body }: PatchSection): boolean {
  return old.length === 1 && body.some((line) => line.includes(MARKER))
}

function versionsOf(workspace: Workspace, repository: Repository, { hide }: ShowCall) {
  const reveal = revealer(workspace, { hide })
  const fetched = new Map<string, Uint8Array | undefined>()
  const known = new Map<string, Promise<Revealed>>()
  let objects: ObjectReader | undefined

  const read = async (section: PatchSection, id: string): Promise<Revealed> => {
    // What only the work tree has, is there.
    const content = fetched.get(id) ?? (id === section.new ? await inWorkTree(repository, section) : undefined)
    return reveal.reveal(content ?? new Uint8Array(0), section.name)
  }
  return {
    /** Reads the objects of some sections at once: waiting for each takes longer than opening it. */
    async fetch(sections: readonly PatchSection[]): Promise<void> {
      fetched.clear()
      const ids = new Set(sections.flatMap((section) => [...section.old, section.new]).filter((id) => !isNothing(id)))
      const missing = [...ids].filter((id) => !known.has(id))
      if (missing.length === 0) return
      objects ??= await repository.objectReader()
      let at = 0
      for await (const object of objects.read(missing, { maxBytes: MAX_BYTES })) {
        fetched.set(missing[at++] as string, object?.content)
      }
    },
    of(section: PatchSection, id: string): Promise<Revealed> {
      const found = known.get(id)
      if (found !== undefined) return found
      const reading = read(section, id)
      if (!isNothing(id)) known.set(id, reading)
      return reading
    },
    /** Lets go of all but what was used last. */
    trim(): void {
      for (const id of [...known.keys()].slice(0, -REMEMBERED)) known.delete(id)
    },
    close: () => objects?.close(),
  }
}

async function inWorkTree({ topLevel }: Repository, { path }: PatchSection): Promise<Uint8Array | undefined> {
  if (path === undefined) return undefined
  const name = Buffer.from(path, 'latin1')
    .toString('utf8')
    .replace(/^[a-z]\//, '')
  return readFile(join(topLevel, ...name.split('/')), { maxBytes: MAX_BYTES }).catch((error) => {
    if (error instanceof KmsfileError) return undefined
    throw error
  })
}

function contextOf(args: readonly string[], config: GitConfig): number {
  let context = Number(config.get('diff.context')?.value ?? 3)
  for (const [i, arg] of args.entries()) {
    if (arg === '--') break
    const [, digits = arg === '--unified' || arg === '-U' ? args[i + 1] : undefined] =
      /^(?:-U|--unified=)(\d+)$/.exec(arg) ?? []
    if (digits !== undefined) context = Number(digits)
  }
  return Number.isInteger(context) ? context : 3
}
