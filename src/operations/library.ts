import { randomBytes } from 'node:crypto'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
// A library has no `main` that could hand it the machine; whoever wants another one passes it in the options.
import process from 'node:process'
import { configFinder } from '../config/find.ts'
import type { RuleFlags } from '../config/rules.ts'
import type { Path } from '../core/tree.ts'
import { detectFormat } from '../formats/detect.ts'
import type { Host } from '../host/host.ts'
import { createProviders, type Providers } from '../keys/providers.ts'
import { findRepository } from '../vcs/repository.ts'
import { decrypt } from './decrypt.ts'
import { encrypt } from './encrypt.ts'
import { readSource, type SourceFile } from './secrets-file.ts'
import type { Workspace } from './workspace.ts'

export interface SessionOptions {
  /** Working directory: files are relative to it. Default: the process's. */
  readonly cwd?: string
  /** Where keys and configuration are looked for, as on the command line. Default: the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Configuration file, instead of the one found from each file upwards. */
  readonly config?: string
  /** What stands in for the rules: master keys, selector, threshold. */
  readonly flags?: RuleFlags
  /** Key services to use instead of the built-in ones. */
  readonly providers?: Providers
  /** Told what is odd but no error. Default: nobody. */
  readonly onWarning?: (message: string, about: { readonly file?: string; readonly hint?: string }) => void
  readonly signal?: AbortSignal
}

export interface TextOptions {
  /** Name that says format and rule, such as `secrets/prod.yaml`. It need not exist. */
  readonly fileName: string
}

/** Reads and writes secrets files, asking each key service at most once for the same data key. */
export interface Session {
  /** The plaintext of a file. @throws KmsfileError */
  decryptFile(path: string, options?: { readonly extract?: Path }): Promise<string>
  /** The plaintext of a text. @throws KmsfileError */
  decryptText(text: string, options: TextOptions & { readonly extract?: Path }): Promise<string>
  /** The encrypted text of a plaintext; nothing is written. @throws KmsfileError */
  encryptText(text: string, options: TextOptions): Promise<string>
  /** Closes connections and wipes the data keys that were remembered. */
  close(): Promise<void>
}

/** Starts a session. Nobody is asked for passphrases: there may be no terminal. */
export function openSession(options: SessionOptions = {}): Session {
  const host = libraryHost(options)
  const providers = options.providers ?? createProviders({ host })
  const workspace: Workspace = {
    host,
    providers,
    config: configFinder({ host, config: options.config }),
    flags: options.flags ?? {},
    keyring: { signal: host.signal, now: host.now },
    ignoreMac: false,
    repository: (path) => findRepository(host, path),
    warn: (message, about = {}) => options.onWarning?.(message, about),
  }
  const sourceOf = (text: string, { fileName }: TextOptions): SourceFile => ({
    name: fileName,
    path: resolve(host.cwd, fileName),
    format: detectFormat(fileName),
    text,
  })
  return {
    async decryptFile(path, { extract } = {}) {
      return (await decrypt(workspace, await readSource(workspace, path), { extract })).text
    },
    async decryptText(text, { extract, ...about }) {
      return (await decrypt(workspace, sourceOf(text, about), { extract })).text
    },
    async encryptText(text, about) {
      return (await encrypt(workspace, sourceOf(text, about))).text
    },
    close: () => providers.close(),
  }
}

function libraryHost({ cwd, env, signal }: SessionOptions): Host {
  const { platform, stdin, stdout, stderr } = process
  return {
    cwd: resolve(cwd ?? process.cwd()),
    env: env ?? process.env,
    platform,
    homeDir: homedir(),
    stdin,
    stdout,
    stderr,
    terminal: undefined,
    now: () => new Date(),
    randomBytes,
    signal: signal ?? new AbortController().signal,
  }
}
