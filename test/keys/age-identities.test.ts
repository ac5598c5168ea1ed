import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { age } from '../../src/keys/age.ts'
import { type IdentityHost, identitiesOf } from '../../src/keys/age-identities.ts'
import { generateIdentity } from '../../src/keys/age-identity.ts'
import { FIXTURE_BYTES, fixture, type Machine, machine } from './age-machine.ts'

const X25519 = fixture('x25519.txt')
const X25519_IDENTITY = X25519.split('\n')[2]!
const RECIPIENT = fixture('x25519.pub').trim()
const ED25519 = fixture('id_ed25519.pub').trim()

const key = (recipient: string) => ({ type: 'age', recipient }) as const
const unwrap = (host: IdentityHost & Machine['host'], recipient = RECIPIENT, name = 'x25519') =>
  age({ host })
    .unwrap(key(recipient), fixture(`${name}.age`))
    .then((bytes) => Uint8Array.from(bytes))
const stranger = () => generateIdentity(machine().host.randomBytes).identity
/** A program that prints something and leaves a trace of each run. */
const command = (homeDir: string, print: string) =>
  `node -e "require('fs').appendFileSync('${homeDir}/runs', process.env.SOPS_AGE_RECIPIENT + ' '); process.stdout.write(${print})"`

describe('an X25519 identity is found', () => {
  test.each(['KMSFILE_AGE_KEY', 'SOPS_AGE_KEY'])('in %s, among others on the same line', async (variable) => {
    const value = `# a comment\n${stranger()} ${X25519_IDENTITY}\n`
    expect(await unwrap(machine({ env: { [variable]: value } }).host)).toEqual(FIXTURE_BYTES)
  })

  test.each(['KMSFILE_AGE_KEY_FILE', 'SOPS_AGE_KEY_FILE'])('in the file that %s names', async (variable) => {
    const { host, write } = machine()
    const path = write('a folder/keys', X25519)
    expect(await unwrap({ ...host, env: { [variable]: path } })).toEqual(FIXTURE_BYTES)
    expect(await unwrap({ ...host, env: { [variable]: 'a folder/keys' } })).toEqual(FIXTURE_BYTES)
  })

  test.each(['KMSFILE_AGE_KEY_CMD', 'SOPS_AGE_KEY_CMD'])('in what the command of %s prints', async (variable) => {
    const { host, write } = machine()
    write('it is here', X25519)
    expect(await unwrap({ ...host, env: { ...host.env, [variable]: "cat 'it is here'" } })).toEqual(FIXTURE_BYTES)
  })

  test.each([
    ['linux', {}, '.config/kmsfile/age/keys.txt'],
    ['linux', {}, '.config/sops/age/keys.txt'],
    ['linux', { XDG_CONFIG_HOME: 'xdg' }, 'xdg/kmsfile/age/keys.txt'],
    ['linux', { XDG_CONFIG_HOME: 'xdg' }, 'xdg/sops/age/keys.txt'],
    ['darwin', {}, 'Library/Application Support/kmsfile/age/keys.txt'],
    ['darwin', {}, 'Library/Application Support/sops/age/keys.txt'],
    ['darwin', { XDG_CONFIG_HOME: 'xdg' }, 'xdg/sops/age/keys.txt'],
    ['darwin', { XDG_CONFIG_HOME: 'xdg' }, 'Library/Application Support/sops/age/keys.txt'],
  ])('on %s with %j in %s', async (platform, env, path) => {
    const { host, homeDir, write } = machine({ platform })
    write(path, X25519)
    const absolute = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, join(homeDir, value)]))
    expect(await unwrap({ ...host, env: absolute })).toEqual(FIXTURE_BYTES)
  })

  test('in a file with CRLF line breaks, indents and a byte order mark', async () => {
    const { host, write } = machine()
    write('.config/sops/age/keys.txt', `\uFEFF${X25519.replaceAll('\n', '\r\n')}  \r\n  ${stranger()}  \r\n`)
    expect(await unwrap(host)).toEqual(FIXTURE_BYTES)
  })

  test('wherever it is, when other places hold others', async () => {
    const { host, write } = machine({ env: { SOPS_AGE_KEY: stranger(), KMSFILE_AGE_KEY: stranger() } })
    write('.config/kmsfile/age/keys.txt', `${stranger()}\n${stranger()}\n`)
    write('.config/sops/age/keys.txt', X25519)
    expect(await unwrap(host)).toEqual(FIXTURE_BYTES)
  })

  test('whatever recipient the file says', async () => {
    expect(await unwrap(machine({ env: { SOPS_AGE_KEY: X25519_IDENTITY } }).host, 'age1other')).toEqual(FIXTURE_BYTES)
  })
})

describe('an SSH identity is found', () => {
  test('in the file that SOPS_AGE_SSH_PRIVATE_KEY_FILE names', async () => {
    const { host, write } = machine()
    const path = write('deploy', fixture('id_ed25519'))
    const env = { SOPS_AGE_SSH_PRIVATE_KEY_FILE: path }
    expect(await unwrap({ ...host, env }, ED25519, 'id_ed25519')).toEqual(FIXTURE_BYTES)
  })

  test('in what the command of SOPS_AGE_SSH_PRIVATE_KEY_CMD prints', async () => {
    const { host, write } = machine()
    write('deploy', fixture('id_ed25519'))
    const env = { ...host.env, SOPS_AGE_SSH_PRIVATE_KEY_CMD: 'cat deploy' }
    expect(await unwrap({ ...host, env }, ED25519, 'id_ed25519')).toEqual(FIXTURE_BYTES)
  })

  test.each(['id_ed25519', 'id_rsa'])('in ~/.ssh/%s', async (name) => {
    const { host, write } = machine()
    write(`.ssh/${name}`, fixture(name))
    expect(await unwrap(host, fixture(`${name}.pub`), name)).toEqual(FIXTURE_BYTES)
  })

  test('in a file of identities, too', async () => {
    const { host, write } = machine()
    const path = write('keys', fixture('id_ed25519'))
    expect(await unwrap({ ...host, env: { KMSFILE_AGE_KEY_FILE: path } }, ED25519, 'id_ed25519')).toEqual(FIXTURE_BYTES)
  })
})

describe('an identity file with a passphrase', () => {
  const locked = fixture('x25519.txt.age')
  const binary = Buffer.from(locked.split('\n').slice(1, -2).join(''), 'base64')

  test.each([
    ['armored', locked],
    ['armored, with white space before it', `\n \n${locked}`],
    ['binary', binary],
  ])('is opened with what the person at the terminal says: %s', async (_name, content) => {
    const { host, write, asked } = machine({ answers: ['correct horse'] })
    write('.config/sops/age/keys.txt', content)
    expect(await unwrap(host)).toEqual(FIXTURE_BYTES)
    expect(asked).toEqual(['passphrase of ~/.config/sops/age/keys.txt: '])
  })

  test('is asked for once, for all files at the same time', async () => {
    const { host, write, asked } = machine({ answers: ['correct horse'] })
    write('.config/sops/age/keys.txt', locked)
    const provider = age({ host })
    await Promise.all([1, 2, 3].map(() => provider.unwrap(key(RECIPIENT), fixture('x25519.age'))))
    expect(asked.length).toBe(1)
  })

  test('is asked for again after a wrong answer, and three times at most', async () => {
    const { host, write, asked } = machine({ answers: ['wrong', 'correct horse'] })
    write('.config/sops/age/keys.txt', locked)
    expect(await unwrap(host)).toEqual(FIXTURE_BYTES)
    expect(asked[1]).toMatch(/^wrong passphrase; /)

    const other = machine({ answers: ['1', '2', '3', 'correct horse'] })
    other.write('.config/sops/age/keys.txt', locked)
    const provider = age({ host: other.host })
    for (let i = 0; i < 2; i++) {
      await expect(provider.unwrap(key(RECIPIENT), fixture('x25519.age'))).rejects.toMatchObject({
        code: 'KEY_IDENTITY_INVALID',
      })
    }
    expect(other.asked.length).toBe(3)
  })

  test('is not asked for where another identity fits, or the file is for an SSH key', async () => {
    const { host, write, asked } = machine({ answers: ['correct horse'] })
    write('.config/kmsfile/age/keys.txt', locked)
    write('.config/sops/age/keys.txt', X25519)
    expect(await unwrap(host)).toEqual(FIXTURE_BYTES)
    await expect(unwrap(host, ED25519, 'id_ed25519')).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' })
    expect(asked).toEqual([])
  })

  test('cannot be opened without a terminal, which is said', async () => {
    const { host, write } = machine()
    write('.config/sops/age/keys.txt', locked)
    await expect(unwrap(host)).rejects.toMatchObject({
      code: 'INPUT_NEEDED',
      message: expect.stringContaining('~/.config/sops/age/keys.txt: its passphrase is needed'),
    })
  })

  test('that was changed is named', async () => {
    const { host, write } = machine({ answers: ['correct horse'] })
    const changed = Buffer.from(binary)
    changed[changed.length - 1]! ^= 1
    write('.config/sops/age/keys.txt', changed)
    await expect(unwrap(host)).rejects.toMatchObject({
      code: 'KEY_IDENTITY_INVALID',
      message: expect.stringContaining('~/.config/sops/age/keys.txt: '),
    })
  })
})

describe('a malformed line', () => {
  test('is named by file and line when no identity fits, without what stands there', async () => {
    const { host, write } = machine()
    const mistyped = X25519_IDENTITY.replace(/.$/, (last) => (last === 'Q' ? 'P' : 'Q'))
    write('.config/sops/age/keys.txt', `# one\n${stranger()}\n${mistyped}\n`)
    const error = await unwrap(host).catch((caught) => caught)
    expect(error).toMatchObject({ code: 'KEY_IDENTITY_INVALID' })
    expect(error.message).toContain('~/.config/sops/age/keys.txt:3: not an age identity: its checksum does not match')
    expect(JSON.stringify([error.message, error.stack, error])).not.toContain(mistyped.slice(20, 40))
  })

  test('keeps no other identity from being used', async () => {
    const { host, write } = machine({ env: { SOPS_AGE_KEY: 'nonsense' } })
    write('.config/sops/age/keys.txt', `nonsense\nAGE-PLUGIN-YUBIKEY-1QQQQQQQQ\n${X25519_IDENTITY}\n`)
    expect(await unwrap(host)).toEqual(FIXTURE_BYTES)
  })

  test('is one of those that `list` tells, with file and line', async () => {
    const { host, write } = machine({ env: { SOPS_AGE_KEY: 'nonsense' } })
    write('.config/sops/age/keys.txt', `${X25519_IDENTITY}\n\nnonsense\n`)
    const { recipients, problems } = await identitiesOf(host).list()
    expect(recipients).toEqual([{ recipient: RECIPIENT, source: '~/.config/sops/age/keys.txt' }])
    expect(problems.map(({ code, file, line }) => [code, file, line])).toEqual([
      ['KEY_IDENTITY_INVALID', 'SOPS_AGE_KEY', 1],
      ['KEY_IDENTITY_INVALID', '~/.config/sops/age/keys.txt', 3],
    ])
  })
})

describe('when no identity fits', () => {
  test('says where it looked', async () => {
    const { host, write } = machine({ env: { SOPS_AGE_KEY: stranger() } })
    write('.config/sops/age/keys.txt', stranger())
    await expect(unwrap(host)).rejects.toMatchObject({
      code: 'KEY_UNAVAILABLE',
      message: 'no identity for it in ~/.config/kmsfile/age/keys.txt, SOPS_AGE_KEY, ~/.config/sops/age/keys.txt',
    })
    await expect(unwrap(host, ED25519, 'id_ed25519')).rejects.toMatchObject({
      message: expect.stringContaining('~/.config/sops/age/keys.txt, ~/.ssh/id_ed25519, ~/.ssh/id_rsa'),
    })
  })

  test('names a file once that is meant twice', async () => {
    const { host, write } = machine()
    const path = write('.config/sops/age/keys.txt', 'nonsense')
    const env = { KMSFILE_AGE_KEY_FILE: path, SOPS_AGE_KEY_FILE: '.config/sops/age/keys.txt' }
    const { message } = await unwrap({ ...host, env }).catch((error) => error)
    expect(message.match(/sops\/age\/keys\.txt/g).length).toBe(2)
    expect(message).toContain('~/.config/sops/age/keys.txt:1: ')
  })

  test('says what it could not read', async () => {
    const { host, homeDir, write } = machine({ env: { SOPS_AGE_KEY_FILE: '/nowhere/keys.txt' } })
    await expect(unwrap(host)).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: expect.stringContaining('; /nowhere/keys.txt: no such file'),
    })
    mkdirSync(join(homeDir, 'folder'))
    await expect(unwrap({ ...host, env: { SOPS_AGE_KEY_FILE: 'folder' } })).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining('~/folder: is a folder'),
    })
    const big = write('big', Buffer.alloc(1024 * 1024 + 1))
    await expect(unwrap({ ...host, env: { SOPS_AGE_KEY_FILE: big } })).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' })
  })

  test.skipIf(process.getuid?.() === 0)('says which file it may not read (where the user is not root)', async () => {
    const { host, write } = machine()
    chmodSync(write('.config/sops/age/keys.txt', X25519), 0)
    await expect(unwrap(host)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
  })
})

describe('a command', () => {
  test('runs once for each recipient, whom it finds in its environment', async () => {
    const { host, homeDir } = machine()
    const env = { ...host.env, SOPS_AGE_KEY_CMD: command(homeDir, `'${X25519_IDENTITY}'`) }
    const provider = age({ host: { ...host, env } })
    await Promise.all([1, 2].map(() => provider.unwrap(key(RECIPIENT), fixture('x25519.age'))))
    await provider.unwrap(key('age1other'), fixture('x25519.age'))
    expect(readFileSync(`${homeDir}/runs`, 'utf8')).toBe(`${RECIPIENT} age1other `)
  })

  test('does not run where an identity lies ready', async () => {
    const { host, homeDir } = machine()
    const env = { ...host.env, SOPS_AGE_KEY: X25519_IDENTITY, SOPS_AGE_KEY_CMD: command(homeDir, "''") }
    await unwrap({ ...host, env })
    expect(() => readFileSync(`${homeDir}/runs`)).toThrow()
  })

  test('is never given to a shell', async () => {
    const { host, homeDir } = machine()
    const env = { ...host.env, SOPS_AGE_KEY_CMD: `echo x; touch ${homeDir}/touched; $(touch ${homeDir}/touched)` }
    await expect(unwrap({ ...host, env })).rejects.toMatchObject({ code: 'KEY_IDENTITY_INVALID' })
    expect(() => readFileSync(`${homeDir}/touched`)).toThrow()
  })

  test.each([
    [
      'fails',
      'node -e "console.log(`se` + `cret`); console.error(`se` + `cret`); process.exit(3)"',
      'SOPS_AGE_KEY_CMD: the command ended with exit code 3',
    ],
    ['is not there', 'kmsfile-no-such-program', 'SOPS_AGE_KEY_CMD: the command cannot be started'],
    ['has an open quote', 'echo "x', 'SOPS_AGE_KEY_CMD: the command is empty or a quote in it is not closed'],
  ])('that %s is named, and nothing that it printed is told', async (_name, commandLine, message) => {
    const { host } = machine()
    const error = await unwrap({ ...host, env: { ...host.env, SOPS_AGE_KEY_CMD: commandLine } }).catch(
      (caught) => caught,
    )
    expect(error).toMatchObject({ code: 'KEY_UNAVAILABLE', message: expect.stringContaining(message) })
    expect(JSON.stringify([error.message, error])).not.toContain('secret')
  })

  test('does not run for a caller that has its answer already', async () => {
    const { host, homeDir } = machine()
    const env = { ...host.env, SOPS_AGE_KEY_CMD: command(homeDir, `'${X25519_IDENTITY}'`) }
    const call = age({ host: { ...host, env } }).unwrap(key(RECIPIENT), fixture('x25519.age'), {
      signal: AbortSignal.abort(),
    })
    await expect(call).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(() => readFileSync(`${homeDir}/runs`)).toThrow()
  })

  test('ends with the program', async () => {
    const { host } = machine()
    const stop = new AbortController()
    const env = { ...host.env, SOPS_AGE_KEY_CMD: 'node -e "setInterval(() => {}, 1000)"' }
    const call = unwrap({ ...host, env, signal: stop.signal })
    setImmediate(() => stop.abort())
    await expect(call).rejects.toMatchObject({ code: 'INTERRUPTED' })
  })
})

describe('canUnwrap', () => {
  const can = (host: Machine['host'], recipient: string) => age({ host }).canUnwrap?.(key(recipient))

  test('is true where the identity lies ready', async () => {
    const { host, write } = machine({ env: { SOPS_AGE_KEY: `${X25519_IDENTITY}\n${fixture('hybrid.txt')}` } })
    write('.ssh/id_ed25519', fixture('id_ed25519'))
    expect(await can(host, RECIPIENT)).toBe(true)
    expect(await can(host, fixture('hybrid.pub').trim())).toBe(true)
    expect(await can(host, ED25519)).toBe(true)
    expect(await can(host, ED25519.replace(/ lab$/, ' another comment'))).toBe(true)
  })

  test('says where it looked where none does', async () => {
    const { host } = machine({ env: { SOPS_AGE_KEY: stranger() } })
    expect(await can(host, RECIPIENT)).toMatch(/^no identity for it in /)
    expect(await can(host, ED25519)).toMatch(/~\/\.ssh\/id_ed25519/)
    expect(await can(host, fixture('hybrid.pub').trim())).toMatch(/^no identity for it in /)
  })

  test('is true where a command or a passphrase may bring it to light, without asking for either', async () => {
    const { host, homeDir, write, asked } = machine({ answers: ['correct horse'] })
    expect(await can({ ...host, env: { SOPS_AGE_KEY_CMD: command(homeDir, "''") } }, RECIPIENT)).toBe(true)
    expect(() => readFileSync(`${homeDir}/runs`)).toThrow()
    write('.config/sops/age/keys.txt', fixture('x25519.txt.age'))
    expect(await can(host, RECIPIENT)).toBe(true)
    expect(asked).toEqual([])
  })
})

test('a file that holds identities is read once, however many data keys are unwrapped', async () => {
  const { host, write } = machine()
  write('.config/sops/age/keys.txt', X25519)
  const provider = age({ host })
  await provider.unwrap(key(RECIPIENT), fixture('x25519.age'))
  write('.config/sops/age/keys.txt', 'nonsense')
  const again = await provider.unwrap(key(RECIPIENT), fixture('x25519.age'))
  expect(Uint8Array.from(again)).toEqual(FIXTURE_BYTES)
})

test('nothing is read before a data key is unwrapped', async () => {
  const { host, write } = machine()
  const provider = age({ host })
  write('.config/sops/age/keys.txt', X25519)
  const dataKey = await provider.unwrap(key(RECIPIENT), fixture('x25519.age'))
  expect(Uint8Array.from(dataKey)).toEqual(FIXTURE_BYTES)
})
