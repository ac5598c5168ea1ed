import { lstat, stat } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { managedFiles } from '../config/managed-files.ts'
import { append } from '../core/append.ts'
import { KmsfileError } from '../errors.ts'
import type { Workspace } from '../operations/workspace.ts'
import { usage } from './flags.ts'

/**
 * The files that arguments name: a file is itself, a folder what the rules manage below it, `--all` what they manage
 * in the repository and git does not ignore. Names are relative to the working directory where they can be; `-` is stdin.
 *
 * @throws KmsfileError `USAGE` where no file is named, or a folder holds none
 */
export async function expandFiles(
  workspace: Workspace,
  names: readonly string[],
  { all = false }: { all?: boolean } = {},
): Promise<readonly string[]> {
  const { cwd } = workspace.host
  if (names.length === 0 && !all) throw usage('no file given', 'name files, folders, - for stdin, or --all')
  const found: string[] = []
  for (const name of names) {
    if (name === '-') found.push(name)
    else if (await isFolder(resolve(cwd, name))) append(found, await managedBelow(workspace, name))
    else found.push(name)
  }
  if (all) append(found, await managedInRepository(workspace))
  return [...new Set(found)]
}

async function managedBelow(workspace: Workspace, name: string): Promise<readonly string[]> {
  const { cwd } = workspace.host
  const files: string[] = []
  for await (const path of managedFiles(resolve(cwd, name), workspace.config, { host: workspace.host })) {
    files.push(shown(cwd, resolve(cwd, path)))
  }
  if (files.length === 0) {
    throw new KmsfileError('no file below it is managed by the rules', { code: 'FILE_NOT_FOUND', file: name })
  }
  return files.sort()
}

async function managedInRepository(workspace: Workspace): Promise<readonly string[]> {
  const { cwd } = workspace.host
  const repository = await workspace.repository(join(cwd, 'x'))
  if (repository === undefined) {
    throw new KmsfileError('--all works in a git repository', {
      code: 'GIT_NOT_A_REPOSITORY',
      hint: 'name a folder instead',
    })
  }
  const files: string[] = []
  for (const path of await repository.listFiles({ untracked: true })) {
    const absolute = resolve(repository.topLevel, path)
    if ((await workspace.config.manages(absolute)) && (await isFile(absolute))) files.push(shown(cwd, absolute))
  }
  return files.sort()
}

function shown(cwd: string, path: string): string {
  const short = relative(cwd, path)
  return short.startsWith(`..${sep}..${sep}`) ? path : short
}

/** A link of a repository may lead anywhere; who names it means it. */
async function isFile(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isFile() === true
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true
}
