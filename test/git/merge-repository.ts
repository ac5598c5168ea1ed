import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { configFinder } from '../../src/config/find.ts'
import { createProviders } from '../../src/keys/providers.ts'
import { type OpenedSource, openSource, readSource } from '../../src/operations/secrets-file.ts'
import { openWorkingCopy } from '../../src/operations/working-copy.ts'
import type { Workspace } from '../../src/operations/workspace.ts'
import { findRepository } from '../../src/vcs/repository.ts'
import { hostIn, scratch } from '../host/scratch.ts'
import { ana, ben, cat, type Person } from '../operations/team.ts'
import { BIN, isolated, type Ran, repositoryIn, type ScratchRepository } from './scratch-repository.ts'

export const FILE = 'secrets/prod.yaml'

export interface MergeRepository extends ScratchRepository {
  /** What is in the folder around the work tree: the home. */
  readonly home: string
  /** Whose identities are at hand, for git and for the command line; at first ana's. */
  as(...people: readonly Person[]): void
  workspace(...people: readonly Person[]): Workspace
  /** Encrypts a file for ana and ben, or anew: what did not change keeps its bytes. */
  save(plaintext: string, path?: string): Promise<void>
  /** Saves and commits. */
  saved(plaintext: string, path?: string): Promise<void>
  /** Opens a file with all keys. */
  open(path?: string): Promise<OpenedSource>
  /** The plaintext of a file, as the command line prints it. */
  plain(path?: string): string
  /** Runs `action` on a new branch, and comes back. */
  branch(name: string, action: () => Promise<void> | void, from?: string): Promise<void>
  merge(...args: readonly string[]): Ran
  rule(...people: readonly string[]): void
}

/** The line that has git call kmsfile; no quotes may stand around the path. */
const DRIVER =
  'if command -v kmsfile >/dev/null 2>&1; then kmsfile git merge-driver %O %A %B %L %P %S %X %Y; ' +
  'else echo "kmsfile not on PATH; kept ours, conflict left in" %P >&2; exit 1; fi'

/** A repository with a merge driver, in which `secrets/` is for ana and ben; gone after the test. */
export function mergeRepository(): MergeRepository {
  const home = scratch()
  const [top, bin, temporary] = ['repository', 'bin', 'tmp'].map((name) => join(home, name)) as [string, string, string]
  for (const folder of [top, bin, temporary]) mkdirSync(folder)
  writeFileSync(join(bin, 'kmsfile'), `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`)
  chmodSync(join(bin, 'kmsfile'), 0o755)
  const env: Record<string, string> = {
    ...isolated(home),
    PATH: [bin, process.env['PATH']].join(delimiter),
    TMPDIR: temporary,
    KMSFILE_AGENT: '0',
    KMSFILE_AGE_KEY: ana.identity,
  }
  const repository = repositoryIn(top, env)
  const host = (people: readonly Person[]) => {
    const identities = people.map(({ identity }) => identity).join('\n')
    return hostIn(top, { homeDir: home, env: { ...env, KMSFILE_AGE_KEY: identities } })
  }
  const workspaceOf = (people: readonly Person[]): Workspace => {
    const own = host(people)
    return {
      host: own,
      providers: createProviders({ host: own }),
      config: configFinder({ host: own }),
      flags: {},
      keyring: { signal: own.signal, now: own.now },
      ignoreMac: false,
      repository: (path) => findRepository(own, path),
      warn: () => {},
    }
  }
  const self: MergeRepository = {
    ...repository,
    home,
    as(...people) {
      env['KMSFILE_AGE_KEY'] = people.map(({ identity }) => identity).join('\n')
    },
    workspace: (...people) => workspaceOf(people.length === 0 ? [ana, ben, cat] : people),
    async save(plaintext, path = FILE) {
      const copy = await openWorkingCopy(self.workspace(), path)
      repository.write(path, (await copy.encrypt(plaintext)).text)
    },
    async saved(plaintext, path = FILE) {
      await self.save(plaintext, path)
      repository.commit({})
    },
    async open(path = FILE) {
      const own = self.workspace()
      return openSource(own, await readSource(own, path))
    },
    plain(path = FILE) {
      const { code, stdout, stderr } = repository.kmsfile(['decrypt', path])
      if (code !== 0) throw new Error(stderr)
      return stdout
    },
    async branch(name, action, from = 'HEAD') {
      repository.git('switch', '--quiet', '--create', name, from)
      await action()
      repository.git('switch', '--quiet', '-')
    },
    merge: (...args) => repository.tryGit(['merge', '--no-edit', ...args]),
    rule(...people) {
      const names = { ana, ben, cat }
      const recipients = Object.entries(names).map(([name, { recipient }]) => `  ${name}: { age: ${recipient} }`)
      const rules = ['rules:', '  - files: ["secrets/**"]', `    keys: [${people.join(', ')}]`]
      repository.write('.kmsfile.yaml', ['version: 1', 'recipients:', ...recipients, ...rules, ''].join('\n'))
    },
  }
  self.git('init', '--quiet', '--initial-branch=main')
  self.rule('ana', 'ben')
  self.write('.gitattributes', '[attr]kmsfile diff=kmsfile -merge -text\nsecrets/** kmsfile\n')
  self.write('.git/info/attributes', '[attr]kmsfile diff=kmsfile merge=kmsfile -text\n')
  self.git('config', 'merge.kmsfile.driver', DRIVER)
  self.git('config', 'merge.kmsfile.recursive', 'binary')
  self.commit({}, 'rules')
  return self
}
