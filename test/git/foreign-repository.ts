import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { scratch } from '../host/scratch.ts'
import { ACCESS_KEYS, ARN, OTHER_ARN } from '../keys/aws-machine.ts'
import { type KmsServer, startKmsServer } from '../kms-server.ts'
import { BIN, isolated, type Ran } from './scratch-repository.ts'

export const FOREIGN_ROLE = 'arn:aws:iam::444455556666:role/theirs'
export const SECRETS = ['hunter2-of-the-tests', 'n3w-and-s3cret-here'] as const

/** A machine with credentials for AWS, which has got a repository of somebody else; all that asks for keys is recorded. */
export interface ForeignMachine {
  /** The top of the repository. */
  readonly top: string
  readonly home: string
  readonly kms: KmsServer
  git(...args: string[]): Promise<Ran>
  kmsfile(...args: string[]): Promise<Ran>
  write(path: string, text: string): void
  /** What has happened since the last time: connections to any service, and whether the profile's program was started. */
  asked(): { readonly connections: number; readonly programs: boolean }
  /** Runs something in an environment with these variables besides. */
  with(variables: Readonly<Record<string, string>>): ForeignMachine
}

/** The rule that wrote the files: whoever reads them is to use this role and this profile. */
const RULES = `creation_rules:
  - path_regex: secrets/role
    key_groups: [{ kms: [{ arn: "${ARN}", role: "${FOREIGN_ROLE}" }] }]
  - path_regex: secrets/profile
    aws_profile: theirs
    kms: "${ARN}"
  - path_regex: secrets/region
    kms: "${OTHER_ARN}"
  - path_regex: secrets/
    kms: "${ARN}"
`

const FILES = ['key', 'role', 'profile', 'region'].map((name) => `secrets/${name}.yaml`)

/** A file of sops for a key service at an address that the file names. */
function vaultFile(address: string): string {
  return `password: ENC[AES256_GCM,data:p673wA==,iv:YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=,tag:YWFhYWFhYWFhYWFhYWFhYQ==,type:str]
sops:
    hc_vault:
        - vault_address: ${address}
          engine_path: transit
          key_name: theirs
          created_at: "2025-03-02T10:20:30Z"
          enc: vault:v1:eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4
    lastmodified: "2025-03-02T10:20:30Z"
    mac: ENC[AES256_GCM,data:p673wA==,iv:YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=,tag:YWFhYWFhYWFhYWFhYWFhYQ==,type:str]
    version: 3.10.2
`
}

/** A machine, and a clone in which each of {@link FILES} has two versions on `main` and another one on `other`. */
export async function foreignMachine(): Promise<ForeignMachine> {
  const kms = await startKmsServer()
  onTestFinished(() => kms.close())
  for (const arn of [ARN, OTHER_ARN]) kms.addKey(arn)
  const folder = scratch()
  const [home, top, bin] = ['home', 'code', 'bin'].map((name) => join(folder, name)) as [string, string, string]
  for (const each of [home, top, bin, join(home, '.aws')]) mkdirSync(each, { mode: 0o700 })
  const canary = join(folder, 'a-program-was-started')
  program(join(bin, 'kmsfile'), `exec '${process.execPath}' '${BIN}' "$@"`)
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = ACCESS_KEYS
  const credentials = JSON.stringify({ Version: 1, AccessKeyId: id, SecretAccessKey: secret })
  program(join(bin, 'credentials'), `touch '${canary}'\necho '${credentials}'`)
  writeFileSync(join(home, '.aws/config'), `[profile theirs]\ncredential_process = ${join(bin, 'credentials')}\n`)
  writeFileSync(
    join(home, '.aws/credentials'),
    `[default]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`,
  )
  const env: Readonly<Record<string, string>> = {
    ...isolated(home),
    PATH: [bin, process.env['PATH']].join(delimiter),
    TMPDIR: folder,
    KMSFILE_AGENT: '0',
    AWS_ENDPOINT_URL: kms.url,
    // Where an instance has its credentials.
    AWS_EC2_METADATA_SERVICE_ENDPOINT: kms.url,
    AWS_MAX_ATTEMPTS: '1',
  }
  let seen = 0
  const machineWith = (variables: Readonly<Record<string, string>>): ForeignMachine => {
    // Not to be awaited in this process alone: the server of the tests is in it.
    const run = (command: string, args: readonly string[]) =>
      new Promise<Ran>((resolve) => {
        const options = { cwd: top, env: { ...env, ...variables }, maxBuffer: 1024 ** 3 }
        const child = execFile(command, [...args], options, (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code ?? 128), stdout, stderr })
        })
        child.stdin?.end()
      })
    return {
      top,
      home,
      kms,
      git: (...args) => run('git', args),
      kmsfile: (...args) => run(join(bin, 'kmsfile'), args),
      write(path, text) {
        mkdirSync(dirname(join(top, path)), { recursive: true })
        writeFileSync(join(top, path), text)
      },
      asked() {
        const found = { connections: kms.connections - seen, programs: existsSync(canary) }
        seen = kms.connections
        rmSync(canary, { force: true })
        return found
      },
      with: (more) => machineWith({ ...variables, ...more }),
    }
  }
  const machine = machineWith({})
  await populate(machine)
  rmSync(join(home, '.local'), { recursive: true, force: true })
  rmSync(join(top, '.git/kmsfile'), { recursive: true, force: true })
  machine.asked()
  return machine
}

function program(path: string, lines: string): void {
  writeFileSync(path, `#!/bin/sh\n${lines}\n`)
  chmodSync(path, 0o755)
}

/** Nobody was asked for a key, or for what it takes to ask. */
export const NOBODY = { connections: 0, programs: false }

/** Runs a program that must not fail. */
export async function ok(running: Promise<Ran>): Promise<string> {
  const { code, stdout, stderr } = await running
  if (code !== 0) throw new Error(`${code}: ${stderr}`)
  return stdout
}

async function populate({ git, kmsfile, write, kms }: ForeignMachine): Promise<void> {
  const commit = async (message: string) => {
    await ok(git('add', '--all'))
    await ok(git('-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '--message', message))
  }
  const set = async (value: string) => {
    await Promise.all(FILES.map((file) => ok(kmsfile('set', file, 'password', JSON.stringify(value)))))
  }
  await ok(git('init', '--quiet', '--initial-branch=main'))
  write('.sops.yaml', RULES)
  for (const file of FILES) write(file, `host: db.internal\npassword: ${SECRETS[0]}\n`)
  await Promise.all(FILES.map((file) => ok(kmsfile('encrypt', '-i', file))))
  write('secrets/vault.yaml', vaultFile(kms.url))
  await commit('first')
  await ok(git('branch', 'other'))
  await set(SECRETS[1])
  write('secrets/vault.yaml', vaultFile(`${kms.url}/v2`))
  await commit('second')
  await ok(git('checkout', '--quiet', 'other'))
  await set('of-the-other-branch')
  await commit('other')
  await ok(git('checkout', '--quiet', 'main'))
  await ok(kmsfile('git', 'install', '--guard'))
}
