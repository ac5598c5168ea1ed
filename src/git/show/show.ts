import type { Workspace } from '../../operations/workspace.ts'
import type { GitConfig } from '../../vcs/git-config.ts'
import type { Repository } from '../../vcs/repository.ts'
import { formatOf } from '../check/judge-demand.ts'
import { redacted } from './redacted.ts'
import { NO_COLORS, patchColors } from './show-colors.ts'
import { withoutGuard } from './show-guard.ts'
import { readShowOptions } from './show-options.ts'
import { type PatchSection, patchReader } from './show-patch.ts'
import { printSection, type SectionOptions } from './show-section.ts'
import { isTooLong } from './show-text.ts'
import { MAX_SHOWN_BYTES, versionsOf } from './show-versions.ts'
import { workTreeFiles } from './show-work-tree.ts'
import { TEXTCONV_VARIABLE } from './textconv.ts'

export interface ShowCall {
  readonly command: 'diff' | 'log' | 'show'
  /** What git gets, as it was typed. */
  readonly args: readonly string[]
  /** Lines of the text, keys with their values, or keys alone. */
  readonly view: SectionOptions['view']
  /** Shows no values, although their key is at hand. */
  readonly hide: boolean
  readonly color: boolean
  readonly config: GitConfig
}

const BINARY = /Binary files (?:.* )?differ\r?\n?$/s
const MARKER = 'ENC[AES256_GCM,'

/**
 * What git prints for a command, with the patches of encrypted files made from their values: two git processes, whatever the
 * number of files and revisions. Whom the workspace asks for keys is its own affair. The result is git's exit code, 0 or 1.
 *
 * Where git itself has to see values, to search them, to merge them anew, or to show words, it starts its diff driver for each version.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function showPatches(
  workspace: Workspace,
  repository: Repository,
  call: ShowCall,
  write: (text: string | Uint8Array) => Promise<void>,
): Promise<number> {
  const { command, args, config, color, view, hide } = call
  const { cwd } = workspace.host
  const workTree =
    command === 'diff' ? workTreeFiles(repository, { config, cwd, maxBytes: MAX_SHOWN_BYTES }) : undefined
  const versions = versionsOf(workspace, repository, { hide, workTree })
  const { usesDriver, isPrintedByGit, hasExitCode, graph, context, interHunkContext } = readShowOptions(call)
  const reader = patchReader({ graph })
  const options = { context, interHunkContext, view, hide }
  const colored = patchColors(config)
  const concerns = (section: PatchSection) =>
    !isPrintedByGit && section.old.length > 0 && (usesDriver || mayBeEncrypted(section))

  const ownText = async (section: PatchSection): Promise<string | undefined> => {
    const found = await versions.of(section)
    if (found === undefined) return undefined
    const all = [...found.old, found.new]
    if (all.every(({ kind }) => kind === 'other') || (view === 'lines' && all.some(({ text }) => isTooLong(text))))
      return undefined
    const isBare = all.some(({ kind, header }) => kind === 'values' && header === undefined)
    // Plaintext that lies there on purpose, beside versions that are not to be opened, or cannot be.
    if (isBare && (hide || found.old.some(({ kind }) => kind === 'hidden')))
      return redacted(printed(section).toString())
    const colors = section.header[0]?.includes('\x1b') === true ? colored : NO_COLORS
    return printSection(section, found, { ...options, colors })
  }
  const print = async (items: readonly (string | PatchSection)[]) => {
    await versions.fetch(items.flatMap((item) => (typeof item !== 'string' && concerns(item) ? [item] : [])))
    for (const item of items) {
      if (typeof item === 'string') await write(Buffer.from(item, 'latin1'))
      else await write((concerns(item) ? await ownText(item) : undefined) ?? printed(item))
    }
    versions.trim()
  }
  const words = [
    command,
    ...(usesDriver ? [] : ['--no-textconv']),
    // What other programs print of ciphertext says nothing; whoever wants it asks for it.
    ...['--no-ext-diff', '--full-index'],
    ...(color ? ['--color=always'] : []),
    // Who asks for keys wants to see them.
    ...(command === 'log' && view !== 'lines' ? ['--patch'] : []),
    ...args,
  ]
  try {
    const env = {
      GIT_PAGER_IN_USE: color ? 'true' : 'false',
      ...(hide && { [TEXTCONV_VARIABLE]: 'redacted' }),
      ...(command === 'diff' && withoutGuard(workspace.host.env, config)),
    }
    const push = (bytes: Uint8Array) =>
      print(reader.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')))
    let exitCode = 0
    if (hasExitCode) {
      const result = await repository.git(words, { cwd, env, exitCodes: [0, 1] })
      exitCode = result.exitCode
      await push(result.stdout)
    } else for await (const chunk of repository.stream(words, { cwd, env })) await push(chunk)
    await print(reader.end())
    return exitCode
  } finally {
    versions.close()
  }
}

/**
 * Whether a version of it is encrypted, as far as the patch says. What git prints of values that its driver gave it has no trace of
 * that; nor of a file that attributes call binary, which anybody may write.
 */
function mayBeEncrypted({ body, name }: PatchSection): boolean {
  return body.some((line) => line.includes(MARKER) || (BINARY.test(line) && formatOf(name) !== undefined))
}

/** As git printed it. */
function printed({ header, body }: PatchSection): Buffer {
  return Buffer.from([...header, ...body].join(''), 'latin1')
}
