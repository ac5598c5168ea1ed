import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ARN } from '../keys/aws-machine.ts'
import { USER } from '../kms-server.ts'
import { FOREIGN_ROLE, type ForeignMachine, foreignMachine, NOBODY, ok, SECRETS } from './foreign-repository.ts'

/** What a diff of all files with the version before shows of their values, by file. */
async function shown({ git }: ForeignMachine): Promise<readonly string[]> {
  const files = (await ok(git('diff', 'HEAD~1', '--', 'secrets'))).split(/^diff --git /m).slice(1)
  return files.flatMap((text) => {
    const [, name = ''] = /^a\/secrets\/(\w+)\.yaml/.exec(text) ?? []
    return SECRETS.every((secret) => text.includes(secret)) ? [name] : []
  })
}

/** Who asked for which key or role since the last `count` questions. */
const questions = ({ kms }: ForeignMachine, count = 0) =>
  kms.calls.slice(count).map(({ action, target, caller }) => `${action} ${target} as ${caller}`)

describe('once somebody has opened a file, git asks for its key', () => {
  test('and for no other role, profile and region', async () => {
    const machine = await foreignMachine()
    await ok(machine.kmsfile('decrypt', 'secrets/key.yaml'))
    machine.asked()
    const count = machine.kms.calls.length
    expect(await shown(machine)).toEqual(['key'])
    expect(machine.asked().programs).toBe(false)
    expect([...new Set(questions(machine, count))]).toEqual([`Decrypt ${ARN} as ${USER}`])
  })

  test('in the role that the file names, where it was opened so', async () => {
    const machine = await foreignMachine()
    await ok(machine.kmsfile('decrypt', 'secrets/role.yaml'))
    const count = machine.kms.calls.length
    expect(await shown(machine)).toEqual(['role'])
    expect(questions(machine, count)).toContain(`AssumeRole ${FOREIGN_ROLE} as ${USER}`)
    expect(questions(machine, count).filter((text) => text.startsWith('Decrypt') && text.endsWith(USER))).toEqual([])
  })

  test('with the profile that the file names, where it was opened with that', async () => {
    const machine = await foreignMachine()
    await ok(machine.kmsfile('decrypt', 'secrets/profile.yaml'))
    machine.asked()
    expect(await shown(machine)).toEqual(['profile'])
    expect(machine.asked().programs).toBe(true)
  })

  test('not with the profile that the file names, where it was opened with another one', async () => {
    const machine = await foreignMachine()
    await ok(machine.kmsfile('decrypt', '--aws-profile', 'default', 'secrets/profile.yaml'))
    machine.asked()
    expect(await shown(machine)).toEqual([])
    expect(machine.asked()).toEqual(NOBODY)
  })

  test("with the profile of the user's configuration, and with that alone", async () => {
    const machine = await foreignMachine()
    mkdirSync(join(machine.home, '.config/kmsfile'), { recursive: true })
    const config = join(machine.home, '.config/kmsfile/config.yaml')
    writeFileSync(config, 'aws: { profiles: { "111122223333": default } }\n')
    await ok(machine.kmsfile('decrypt', 'secrets/profile.yaml'))
    expect(await shown(machine)).toContain('profile')
    expect(machine.asked().programs).toBe(false)
    rmSync(config)
    expect(await shown(machine)).not.toContain('profile')
    expect(machine.asked()).toEqual(NOBODY)
  })

  test('not when kmsfile was taken out of the repository', async () => {
    const machine = await foreignMachine()
    await ok(machine.kmsfile('decrypt', 'secrets/key.yaml'))
    expect(await ok(machine.kmsfile('git', 'diff', 'HEAD~1'))).toContain(SECRETS[1])
    await ok(machine.kmsfile('git', 'uninstall'))
    expect(existsSync(join(machine.top, '.git/kmsfile'))).toBe(false)
    machine.asked()
    expect(await ok(machine.kmsfile('git', 'diff', 'HEAD~1'))).not.toContain(SECRETS[1])
    expect(machine.asked()).toEqual(NOBODY)
  })

  test('not in another clone at the same path', async () => {
    const machine = await foreignMachine()
    await ok(machine.kmsfile('decrypt', 'secrets/key.yaml'))
    const away = `${machine.top}-before`
    renameSync(machine.top, away)
    cpSync(away, machine.top, { recursive: true, filter: (path) => !path.endsWith('.git/kmsfile') })
    machine.asked()
    expect(await shown(machine)).toEqual([])
    expect(machine.asked()).toEqual(NOBODY)
  })
})

describe('where the key service refuses', () => {
  test('git asks once for all versions of a file, and again when a command has opened one', async () => {
    const machine = await foreignMachine()
    const { git, kmsfile, kms } = machine
    await ok(kmsfile('decrypt', 'secrets/key.yaml'))
    const stop = kms.misbehave('deny')
    const count = kms.calls.length
    const log = await ok(git('log', '-p', '--', 'secrets/key.yaml'))
    expect(log).not.toContain(SECRETS[0])
    expect(kms.calls.length - count).toBe(1)
    stop()
    await ok(git('log', '-p', '--', 'secrets/key.yaml'))
    expect(kms.calls.length - count).toBe(1)
    await ok(kmsfile('decrypt', 'secrets/key.yaml'))
    expect(await ok(git('log', '-p', '--', 'secrets/key.yaml'))).toContain(SECRETS[0])
  })
})
