import { mkdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { replaceFile } from '../host/files.ts'
import { replaceInPlace } from '../operations/secrets-file.ts'
import type { Workspace } from '../operations/workspace.ts'
import type { Arguments, Cli } from './command.ts'
import { refuseBoth, textOf, usage } from './flags.ts'

/** Where a command puts the text that it makes of a file. */
export type Output =
  | { readonly kind: 'stdout' }
  | { readonly kind: 'in-place' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'folder'; readonly path: string }

export const OUTPUT_OPTIONS = {
  'in-place': { type: 'boolean', alias: 'i', describe: 'replace the files themselves' },
  output: { type: 'string', describe: 'write to this file', requiresArg: true },
  'output-dir': { type: 'string', describe: 'write files of the same names into this folder', requiresArg: true },
} as const

/** Which one the options mean. @throws KmsfileError `USAGE` where they contradict, or glue files together */
export function outputOf(args: Arguments, files: readonly string[]): Output {
  refuseBoth(args, 'in-place', 'output')
  refuseBoth(args, 'in-place', 'output-dir')
  refuseBoth(args, 'output', 'output-dir')
  const file = textOf(args, 'output')
  const folder = textOf(args, 'output-dir')
  if (args['in-place'] === true) {
    if (files.includes('-')) throw usage('stdin cannot be replaced in place')
    return { kind: 'in-place' }
  }
  if (folder !== undefined) return { kind: 'folder', path: folder }
  if (files.length > 1) throw usage('several files need --in-place or --output-dir')
  return file === undefined ? { kind: 'stdout' } : { kind: 'file', path: file }
}

/** Puts a text where it belongs. New files are 0600: they may hold secrets. */
export async function put(
  cli: Cli,
  workspace: Workspace,
  { output, name, text }: { output: Output; name: string; text: string },
): Promise<void> {
  const { cwd } = cli.host
  switch (output.kind) {
    case 'stdout':
      return cli.out(text)
    case 'in-place':
      return replaceInPlace(workspace, name, text)
    case 'file':
      await replaceFile(resolve(cwd, output.path), text)
      return
    case 'folder': {
      const path = targetIn(cwd, output.path, name)
      await mkdir(dirname(path), { recursive: true })
      await replaceFile(path, text)
      return
    }
    default:
      return output satisfies never
  }
}

// A relative name keeps its folders, so that two files of one name do not meet; one from outside does not leave.
function targetIn(cwd: string, folder: string, name: string): string {
  const inside = resolve('/', name).slice(1)
  const keeps = !name.startsWith('/') && !name.split(/[\\/]/).includes('..') && name !== '-'
  return join(resolve(cwd, folder), keeps ? inside : basename(name))
}
