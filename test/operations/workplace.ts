import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { configFinder } from '../../src/config/find.ts'
import type { Host } from '../../src/host/host.ts'
import { generateIdentity } from '../../src/keys/age-identity.ts'
import { createProviders } from '../../src/keys/providers.ts'
import { encrypt } from '../../src/operations/encrypt.ts'
import { readSource } from '../../src/operations/secrets-file.ts'
import type { Workspace } from '../../src/operations/workspace.ts'
import { fakeHost } from '../fake-host.ts'

const { identity, recipient } = generateIdentity(() => createHash('sha256').update('an identity').digest())

export interface Workplace {
  readonly workspace: Workspace
  /** Absolute path of the working directory. */
  readonly root: string
  readonly warnings: string[]
  write(name: string, text: string): void
  /** Writes a file, encrypted. */
  protect(name: string, plaintext: string): Promise<void>
  read(name: string): string
  /** A program for `EDITOR`, given as the body of a shell script. */
  editor(script: string): void
}

/** A folder whose files in `secrets` are encrypted for an age identity that is at hand; removed when the test ends. */
export function workplace(changes: Partial<Host> = {}): Workplace {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'kmsfile-workplace-')))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  for (const folder of ['home', 'run', 'secrets']) mkdirSync(join(root, folder), { mode: 0o700 })
  const env: Record<string, string | undefined> = {
    PATH: process.env['PATH'],
    XDG_RUNTIME_DIR: join(root, 'run'),
    KMSFILE_AGE_KEY: identity,
  }
  const host = fakeHost({ cwd: root, env, homeDir: join(root, 'home'), ...changes })
  const warnings: string[] = []
  const workspace: Workspace = {
    host,
    providers: createProviders({ host }),
    config: configFinder({ host }),
    flags: {},
    keyring: { signal: host.signal, now: host.now },
    ignoreMac: false,
    repository: async () => undefined,
    warn: (message) => void warnings.push(message),
  }
  const place: Workplace = {
    workspace,
    root,
    warnings,
    write(name, text) {
      mkdirSync(dirname(join(root, name)), { recursive: true })
      writeFileSync(join(root, name), text)
    },
    async protect(name, plaintext) {
      place.write(name, plaintext)
      place.write(name, (await encrypt(workspace, await readSource(workspace, name), { previous: false })).text)
    },
    read: (name) => readFileSync(join(root, name), 'utf8'),
    editor(script) {
      place.write('editor', `#!/bin/sh\n${script}\n`)
      env['EDITOR'] = `/bin/sh ${join(root, 'editor')}`
    },
  }
  place.write('.kmsfile.yaml', `version: 1\nrules: [{ files: ["secrets/**"], keys: [{ age: ${recipient} }] }]\n`)
  return place
}

/** Every envelope of an encrypted text, but those of its metadata. */
export function envelopesOf(text: string): readonly string[] {
  return (text.match(/ENC\[[^\]]*\]/g) ?? []).slice(0, -1)
}

/** A YAML text with one more recipient, whom nobody confirmed. */
export function withStranger(text: string): string {
  const stranger = generateIdentity(() => createHash('sha256').update('a stranger').digest()).recipient
  return text.replace(/^ +- enc: \|[\s\S]*?recipient: .*\n/m, (own) => own + own.replace(recipient, stranger))
}
