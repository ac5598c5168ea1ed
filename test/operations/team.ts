import { createHash } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { configFinder } from '../../src/config/find.ts'
import { cipherKey, encryptValue } from '../../src/core/cipher.ts'
import { parseEncryptedValue } from '../../src/core/encrypted-value.ts'
import type { AgeKey } from '../../src/core/master-key.ts'
import { detectFormat } from '../../src/formats/detect.ts'
import type { Host } from '../../src/host/host.ts'
import { generateIdentity } from '../../src/keys/age-identity.ts'
import { createProviders } from '../../src/keys/providers.ts'
import { encrypt } from '../../src/operations/encrypt.ts'
import { parseEncrypted } from '../../src/operations/read-secrets.ts'
import { type OpenedSource, openSource, readSource, type SourceFile } from '../../src/operations/secrets-file.ts'
import type { Workspace } from '../../src/operations/workspace.ts'
import { findRepository } from '../../src/vcs/repository.ts'
import { fakeHost } from '../fake-host.ts'
import { gitRepository } from '../vcs/git-repository.ts'

export const FILE = 'secrets/prod.yaml'

/** Somebody with an age identity. */
export interface Person {
  readonly identity: string
  readonly recipient: string
  readonly key: AgeKey
}

export const [ana, ben, cat] = ['ana', 'ben', 'cat'].map(person) as [Person, Person, Person]

export const everybody: readonly Person[] = [ana, ben, cat]

export interface Team {
  /** What a command of somebody who has the identities of `people` works with. */
  as(...people: readonly Person[]): Workspace
  read(name?: string): string
  write(name: string, text: string): void
  /** Writes the configuration: a rule for `secrets/`, in YAML. Recipients have the names of the people. */
  rule(...lines: readonly string[]): void
  /** Removes the configuration. */
  noRule(): void
  /** Writes a file, encrypted as its rule says. */
  protect(plaintext: string, name?: string): Promise<void>
  /** Commits everything. */
  commit(): void
  /** Lets time pass. */
  wait(seconds: number): void
  source(name?: string): Promise<SourceFile>
  open(...people: readonly Person[]): Promise<OpenedSource>
}

/** A repository in which people share secrets; removed when the test ends. */
export function team(): Team {
  const repository = gitRepository()
  const root = repository.top
  let time = Date.parse('2026-01-02T03:04:05Z')
  const host = (people: readonly Person[]): Host =>
    fakeHost({
      cwd: root,
      homeDir: root,
      env: {
        PATH: process.env['PATH'],
        GIT_CONFIG_GLOBAL: '/dev/null',
        XDG_RUNTIME_DIR: join(root, '.git'),
        KMSFILE_AGE_KEY: people.map(({ identity }) => identity).join('\n'),
      },
      now: () => new Date(time),
    })
  const self: Team = {
    as: (...people) => workspaceOf(host(people.length === 0 ? [ana] : people)),
    read: (name = FILE) => readFileSync(join(root, name), 'utf8'),
    write: repository.write,
    rule(...lines) {
      const names = { ana, ben, cat }
      const recipients = Object.entries(names).map(([name, { recipient }]) => `  ${name}: { age: ${recipient} }`)
      const rule = [`files: ["secrets/**"]`, ...lines].map((line, i) => `${i === 0 ? '  - ' : '    '}${line}`)
      repository.write('.kmsfile.yaml', ['version: 1', 'recipients:', ...recipients, 'rules:', ...rule, ''].join('\n'))
    },
    noRule: () => rmSync(join(root, '.kmsfile.yaml'), { force: true }),
    async protect(plaintext, name = FILE) {
      repository.write(name, plaintext)
      const workspace = self.as(ana, ben, cat)
      const { text } = await encrypt(workspace, await readSource(workspace, name), { previous: false })
      repository.write(name, text)
    },
    commit() {
      repository.git('add', '--all')
      repository.git('commit', '--quiet', '--message=x')
    },
    wait(seconds) {
      time += seconds * 1000
    },
    source: (name = FILE) => readSource(self.as(), name),
    open: async (...people) => openSource(self.as(...people), await self.source()),
  }
  return self
}

/** The same text as sops would have written it: a nonce of its own for the MAC, and no seal. */
export async function asSops(opened: OpenedSource, { lastModified }: { lastModified?: string } = {}): Promise<string> {
  const { file, source } = opened
  const time = lastModified ?? file.envelope.lastModified
  const nonce = createHash('sha256').update(`${source.text}${time}`).digest()
  const mac = encryptValue(cipherKey(file.dataKey), file.mac, { associatedData: time, nonce, type: 'str' })
  return source.text
    .replace(file.envelope.mac, mac)
    .replace(`lastmodified: "${file.envelope.lastModified}"`, `lastmodified: "${time}"`)
    .replace(/^ +kmsfile: .*\n/m, '')
}

/** Every `ENC[...]` of a text, that of the MAC included. */
export function allEnvelopes(text: string): readonly string[] {
  return text.match(/ENC\[[^\]]*\]/g) ?? []
}

/** The nonces of a text. */
export function noncesOf(text: string): readonly string[] {
  return allEnvelopes(text).map((envelope) => parseEncryptedValue(envelope)?.nonce ?? '')
}

/** The wrapped data keys of a text. */
export function wrappedKeys(text: string): readonly string[] {
  const { envelope } = parseEncrypted(detectFormat(FILE), text)
  return envelope.groups.flat().map(({ wrapped }) => wrapped)
}

/** The recipients of a text, a list for each group. */
export function recipientsIn(text: string): readonly (readonly string[])[] {
  const { envelope } = parseEncrypted(detectFormat(FILE), text)
  return envelope.groups.map((group) => group.map(({ masterKey }) => (masterKey as AgeKey).recipient))
}

function person(name: string): Person {
  const { identity, recipient } = generateIdentity(() => createHash('sha256').update(name).digest())
  return { identity, recipient, key: { type: 'age', recipient } }
}

function workspaceOf(host: Host): Workspace {
  return {
    host,
    providers: createProviders({ host }),
    config: configFinder({ host }),
    flags: {},
    keyring: { signal: host.signal, now: host.now },
    ignoreMac: false,
    repository: (path) => findRepository(host, path),
    warn: () => {},
  }
}
