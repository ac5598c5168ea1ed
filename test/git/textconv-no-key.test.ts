import { describe, expect, onTestFinished, test } from 'vitest'
import { foreignMachine, ok } from './foreign-repository.ts'
import { installedRepository, plain, SECRETS } from './installed-repository.ts'
import { FILE } from './merge-repository.ts'

/** What a log shows of a file: it never ends early, and says nothing on stderr. */
function logOf(
  repository: Awaited<ReturnType<typeof installedRepository>>,
  env: Readonly<Record<string, string>> = {},
) {
  const commits = Number(repository.git('rev-list', '--count', 'HEAD'))
  const { code, stdout, stderr } = repository.tryGit(['log', '-p', '--text', '--format=%x61 commit'], { env })
  expect({ code, stderr, commits: stdout.match(/^a commit$/gm)?.length }).toEqual({ code: 0, stderr: '', commits })
  return stdout
}

describe('git log -p reaches the first commit', () => {
  test('without a key', async () => {
    const repository = await installedRepository()
    repository.as()
    const log = logOf(repository)
    expect(log).toMatch(/\+password: ENC\[str len=14 #\w{4}\]/)
    for (const secret of SECRETS) expect(log).not.toContain(secret)
  })

  test('where the key service does not answer, which is waited for once where there is an agent', async () => {
    const machine = (await foreignMachine()).with({ KMSFILE_AGENT: '1' })
    onTestFinished(async () => void (await machine.kmsfile('agent', 'stop')))
    await ok(machine.kmsfile('decrypt', 'secrets/key.yaml'))
    await ok(machine.kmsfile('agent', 'lock'))
    machine.kms.misbehave('stall')
    const before = machine.kms.calls.length
    const { code, stdout, stderr } = await machine.git('log', '-p', '--format=%x61 commit', '--', 'secrets/key.yaml')
    expect({ code, stderr, commits: stdout.match(/^a commit$/gm)?.length }).toEqual({ code: 0, stderr: '', commits: 2 })
    expect(stdout).toMatch(/\+password: ENC\[str len=/)
    expect(machine.kms.calls.length - before).toBe(1)
  })

  test('where the agent was killed', async () => {
    const repository = await installedRepository()
    const env = { KMSFILE_AGENT: '1' }
    onTestFinished(() => void repository.kmsfile(['agent', 'stop'], { env }))
    expect(repository.kmsfile(['agent', 'start'], { env })).toMatchObject({ code: 0 })
    const { pid } = JSON.parse(repository.kmsfile(['agent', 'status', '--json'], { env }).stdout) as { pid: number }
    process.kill(pid, 'SIGKILL')
    expect(logOf(repository, env)).toContain(`+password: ${SECRETS[1]}`)
  })

  test('past plaintext, a merge that is not resolved, and what cannot be read', async () => {
    const repository = await installedRepository()
    const encrypted = repository.read(FILE)
    await repository.branch('other', () => repository.saved(plain('of-theirs')))
    await repository.saved(plain('of-ours'))
    expect(repository.merge('other').code).toBe(1)
    repository.commit({}, 'a conflict')
    const versions: Readonly<Record<string, string | Uint8Array>> = {
      plaintext: plain('plaintext'),
      marks: `<<<<<<< a\n${encrypted}=======\n${encrypted}>>>>>>> b\n`,
      'cut off': encrypted.slice(0, encrypted.indexOf('sops:') + 40),
      'no text': Buffer.from([0xff, 0xfe, 0x00, 0x0a]),
      'a broken MAC': encrypted.replace(/mac: .*/, 'mac: ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]'),
      'a value changed': encrypted.replace(/(password: ENC\[AES256_GCM,data:)./, '$1A'),
      nothing: '',
      'nothing but a mark': 'ENC[AES256_GCM,',
      'line endings of Windows': encrypted.replaceAll('\n', '\r\n'),
    }
    for (const [name, content] of Object.entries(versions)) repository.commit({ [FILE]: content }, name)
    const log = logOf(repository)
    expect(log).toContain('+# kmsfile: NOT ENCRYPTED\n')
    expect(log).toContain('# kmsfile: IN CONFLICT: password\n')
    expect(log).toContain('# kmsfile: cannot be read: ')
    expect(log).toContain('# kmsfile: BROKEN: ')
    const own = repository.kmsfile(['git', 'log', '-p', '--text', '--format=%x61 commit'])
    expect({ ...own, stdout: '' }).toEqual({ code: 0, stderr: '', stdout: '' })
  })
})
