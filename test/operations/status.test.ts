import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type FileStatus, type StatusOptions, statusOf } from '../../src/operations/status.ts'
import type { Workspace } from '../../src/operations/workspace.ts'
import { ana, asSops, ben, FILE, type Team, team } from './team.ts'

const PLAIN = 'user: app\npassword: hunter2\n'

async function place(...rule: readonly string[]): Promise<Team> {
  const there = team()
  there.rule(...(rule.length > 0 ? rule : ['keys: [ana]']))
  await there.protect(PLAIN)
  return there
}

/** The status of the one file there. */
async function one(there: Team, options: StatusOptions = {}, workspace: Workspace = there.as()): Promise<FileStatus> {
  const [file, ...others] = await statusOf(workspace, [], options)
  expect(others).toEqual([])
  return file as FileStatus
}

const names = (files: readonly FileStatus[]) => files.map(({ name }) => name)
const topOf = (there: Team) => there.as().host.cwd

describe('statusOf', () => {
  test('knows everything of an encrypted file but whether it is authentic', async () => {
    const there = await place()
    expect(await one(there, {}, there.as(ben))).toMatchObject({
      name: FILE,
      state: 'encrypted',
      managed: true,
      groups: [[ana.key]],
      threshold: undefined,
      writer: 'kmsfile',
      verified: undefined,
      dataKey: { since: new Date('2026-01-02T03:04:04Z'), exact: false },
      lastModified: new Date('2026-01-02T03:04:04Z'),
      rule: { file: '.kmsfile.yaml', line: 7 },
      differences: [],
      problem: undefined,
      attention: false,
      fix: undefined,
    })
  })

  test('opens a file only to verify it', async () => {
    const there = await place()
    expect(await one(there, { verify: true })).toMatchObject({ verified: 'sealed', attention: false })
    expect(await one(there, { verify: true }, there.as(ben))).toMatchObject({
      verified: { code: 'KEY_UNAVAILABLE' },
      attention: true,
      fix: undefined,
    })
  })

  test('verifies of a file of sops that its values fit', async () => {
    const there = await place()
    there.write(FILE, await asSops(await there.open()))
    expect(await one(there)).toMatchObject({ writer: 'sops', attention: false })
    expect(await one(there, { verify: true })).toMatchObject({ writer: 'sops', verified: 'values', attention: false })
  })

  test('names a nonce that encrypts two texts, without any key', async () => {
    const there = await place()
    const [, nonce = ''] = /user: .*,iv:([^,]*),/.exec(there.read()) ?? []
    there.write(FILE, there.read().replace(/(password: .*,iv:)[^,]*/, `$1${nonce}`))
    expect(await one(there, {}, there.as(ben))).toMatchObject({
      state: 'encrypted',
      problem: { code: 'INTEGRITY_NONCE_REUSED' },
      attention: true,
      fix: `kmsfile rotate -i ${FILE}`,
    })
  })

  test('takes no offence at an envelope that stands twice', async () => {
    const there = await place()
    const [line = ''] = /^password: .*$/m.exec(there.read()) ?? []
    there.write(FILE, there.read().replace(line, `${line}\n${line.replace('password', 'again')}`))
    expect(await one(there)).toMatchObject({ state: 'encrypted', problem: undefined, attention: false })
  })

  test('asks for a seal where the rule does', async () => {
    const there = await place()
    there.write(FILE, await asSops(await there.open()))
    there.rule('keys: [ana]', 'integrity: sealed')
    expect(await one(there)).toMatchObject({ differences: [{ kind: 'not-sealed' }], fix: `kmsfile seal ${FILE}` })
  })

  test('proposes no repair for a file that turns out to be forged', async () => {
    const there = await place()
    there.rule('keys: [ana, ben]')
    there.write(FILE, there.read().replace('user: ENC', 'name: ENC'))
    expect(await one(there)).toMatchObject({ attention: true, fix: `kmsfile updatekeys ${FILE}` })
    expect(await one(there, { verify: true })).toMatchObject({
      verified: { code: expect.stringMatching(/^INTEGRITY_/) },
      attention: true,
      fix: undefined,
    })
  })

  test('finds recipients that neither rule nor seal knows', async () => {
    const there = await place()
    const entry = /^ +- enc: \|[\s\S]*?recipient: .*\n/m.exec(there.read())?.[0] ?? ''
    expect(entry).not.toBe('')
    there.write(FILE, there.read().replace(entry, entry + entry.replace(ana.recipient, ben.recipient)))
    there.noRule()
    expect(await one(there)).toMatchObject({ attention: false })
    expect(await one(there, { verify: true })).toMatchObject({
      verified: 'sealed',
      attention: true,
      fix: `kmsfile updatekeys ${FILE}`,
    })
  })

  test('says how many key groups are needed', async () => {
    const there = await place('groups: [[ana], [ben], [cat]]', 'threshold: 2')
    expect(await one(there)).toMatchObject({ threshold: 2, differences: [] })
  })

  test('lists what the rules manage, and encrypted files besides, tracked or not', async () => {
    const there = await place()
    there.write('secrets/plain.yaml', PLAIN)
    there.write('other/copy.yaml', there.read())
    there.write('other/copy.json', '{"a": 1}')
    there.write('other/copy.txt', there.read())
    there.write('.gitignore', 'ignored*\n')
    there.write('secrets/ignored.yaml', PLAIN)
    there.commit()
    there.write('secrets/untracked.yaml', PLAIN)
    rmSync(join(topOf(there), 'secrets/plain.yaml'))
    expect(names(await statusOf(there.as()))).toEqual(['other/copy.yaml', FILE, 'secrets/untracked.yaml'])
    expect(names(await statusOf(there.as(), ['other']))).toEqual(['other/copy.yaml'])
  })

  test('lists files that are named whatever they are, once each', async () => {
    const there = await place()
    there.write('notes.md', 'hello')
    expect(await statusOf(there.as(), ['notes.md', 'secrets', FILE])).toMatchObject([
      { name: 'notes.md', state: 'plaintext', managed: false, attention: false },
      { name: FILE, state: 'encrypted' },
    ])
    await expect(statusOf(there.as(), ['gone.yaml'])).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      file: 'gone.yaml',
    })
  })

  test('names files from where the user is', async () => {
    const there = await place()
    const { host } = there.as()
    const below = { ...there.as(), host: { ...host, cwd: join(host.cwd, 'secrets') } }
    expect(names(await statusOf(below))).toEqual(['prod.yaml'])
    mkdirSync(join(host.cwd, 'a/b/c'), { recursive: true })
    const far = { ...there.as(), host: { ...host, cwd: join(host.cwd, 'a/b/c') } }
    expect(names(await statusOf(far))).toEqual([join(host.cwd, FILE)])
  })

  test('finds its way through a link to a folder of the repository', async () => {
    const there = await place()
    const { host } = there.as()
    symlinkSync('secrets', join(host.cwd, 'link'))
    const linked = { ...there.as(), host: { ...host, cwd: join(host.cwd, 'link') } }
    expect(names(await statusOf(linked))).toEqual(['prod.yaml'])
    expect(names(await statusOf(there.as(), ['link']))).toEqual([FILE])
  })

  test('leaves out links, exempt files and what is in another repository', async () => {
    const there = await place()
    const config = there.read('.kmsfile.yaml')
    there.write('.kmsfile.yaml', `${config}exempt: [{ path: secrets/example.yaml, reason: made up }]\n`)
    there.write('secrets/example.yaml', PLAIN)
    symlinkSync('prod.yaml', join(topOf(there), 'secrets/link.yaml'))
    there.write('secrets/inner/.git/HEAD', 'ref: refs/heads/main\n')
    mkdirSync(join(topOf(there), 'secrets/inner/.git/objects'))
    mkdirSync(join(topOf(there), 'secrets/inner/.git/refs'))
    there.write('secrets/inner/x.yaml', PLAIN)
    expect(names(await statusOf(there.as()))).toEqual([FILE])
  })

  test('walks the folder where there is no repository', async () => {
    const there = await place()
    rmSync(join(topOf(there), '.git'), { recursive: true })
    there.write('node_modules/a/copy.yaml', there.read())
    const workspace = { ...there.as(), repository: async () => undefined }
    expect(names(await statusOf(workspace))).toEqual([FILE])
    expect(names(await statusOf(workspace, ['secrets']))).toEqual([FILE])
  })

  test('judges files of other kinds by what they hold', async () => {
    const there = await place()
    there.write('secrets/prod.yaml', '')
    writeFileSync(join(topOf(there), 'secrets/key.der'), Buffer.of(0x30, 0x82, 0xff))
    there.write('secrets/.env', 'A=ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]\n')
    writeFileSync(join(topOf(there), 'secrets/latin1.yaml'), Buffer.from('a: ENC[AES256_GCM,data:\xff]', 'latin1'))
    expect(await statusOf(there.as())).toMatchObject([
      { name: 'secrets/.env', state: 'unreadable', problem: { code: 'FORMAT_UNSUPPORTED' }, attention: true },
      { name: 'secrets/key.der', state: 'plaintext', attention: true, fix: undefined },
      { name: 'secrets/latin1.yaml', state: 'unreadable', problem: { code: 'FORMAT_ENCODING' } },
      { name: 'secrets/prod.yaml', state: 'empty', attention: false },
    ])
  })

  test.skipIf(process.geteuid?.() === 0)('says which file it may not read, where it is not root', async () => {
    const there = await place()
    chmodSync(join(topOf(there), FILE), 0)
    expect(await one(there)).toMatchObject({
      state: 'unreadable',
      problem: { code: 'FILE_UNREADABLE' },
      attention: true,
    })
  })

  test.each([
    ['secrets/my file.yaml', `kmsfile encrypt -i 'secrets/my file.yaml'`],
    [`secrets/it's.yaml`, `kmsfile encrypt -i 'secrets/it'\\''s.yaml'`],
    ['secrets/$(id).yaml', `kmsfile encrypt -i 'secrets/$(id).yaml'`],
  ])('quotes %s for the shell', async (name, fix) => {
    const there = await place()
    rmSync(join(topOf(there), FILE))
    there.write(name, PLAIN)
    expect((await one(there)).fix).toBe(fix)
  })

  test('quotes a name that would be taken for an option', async () => {
    const there = await place()
    there.write('secrets/-i.yaml', PLAIN)
    rmSync(join(topOf(there), FILE))
    const { host } = there.as()
    const below = { ...there.as(), host: { ...host, cwd: join(host.cwd, 'secrets') } }
    expect((await one(there, {}, below)).fix).toBe(`kmsfile encrypt -i ./-i.yaml`)
  })
})
