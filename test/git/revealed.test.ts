import { describe, expect, test } from 'vitest'
import { type Revealed, type RevealOptions, revealer } from '../../src/git/show/revealed.ts'
import { compareTrees } from '../../src/operations/tree-changes.ts'
import { ana, ben, cat, FILE, type Person, team } from '../operations/team.ts'

const PLAIN = 'db:\n  # note\n  host: db.internal\n  password: hunter2\nport_unencrypted: 5432\n'

interface Shown extends RevealOptions {
  readonly by?: readonly Person[]
  readonly name?: string
}

/** A file for ana and ben, and how somebody sees it. */
async function shared(plaintext = PLAIN) {
  const place = team()
  place.rule('keys: [ana, ben]')
  await place.protect(plaintext)
  const show = (text: string | Uint8Array = place.read(), { by = [ana], name = 'prod.yaml', ...options }: Shown = {}) =>
    revealer(place.as(...by), options).reveal(new Uint8Array(Buffer.from(text)), name)
  return { place, show }
}

const linesOf = ({ text }: Revealed) => String(text).split('\n')

describe('somebody with a key', () => {
  test('sees the values as they were written, and before them how they are encrypted', async () => {
    const { show } = await shared()
    const { kind, text } = await show()
    expect(kind).toBe('values')
    expect(text).toMatch(
      new RegExp(
        `^# kmsfile: encrypted by kmsfile, data key [0-9a-f]{8}\n# kmsfile: for ${ana.recipient}\n# kmsfile: for ${ben.recipient}\n`,
      ),
    )
    expect(String(text).endsWith(PLAIN)).toBe(true)
  })

  test('sees placeholders where values are to be hidden', async () => {
    const { show } = await shared()
    const { kind, text } = await show(undefined, { hide: true })
    expect(kind).toBe('hidden')
    expect(text).not.toContain('hunter2')
  })

  test('sees what a name without an extension, and line endings of Windows, do not tell', async () => {
    const { place, show } = await shared()
    const crlf = place.read().replaceAll('\n', '\r\n')
    expect(String((await show(crlf, { name: 'git-blob-x' })).text).endsWith(PLAIN)).toBe(true)
    const { text: json } = await show(place.read(), { name: 'no-extension' })
    expect(String(json).endsWith(PLAIN)).toBe(true)
  })
})

describe('somebody without a key', () => {
  test('sees type and length of each value, and the keys', async () => {
    const { show } = await shared()
    const lines = linesOf(await show(undefined, { by: [cat] }))
    expect(lines.slice(3)).toEqual([
      'db:',
      expect.stringMatching(/^ {2}#ENC\[comment len=5 #[0-9a-f]{4}\]$/),
      expect.stringMatching(/^ {2}host: ENC\[str len=11 #[0-9a-f]{4}\]$/),
      expect.stringMatching(/^ {2}password: ENC\[str len=7 #[0-9a-f]{4}\]$/),
      'port_unencrypted: 5432',
      '',
    ])
  })

  test('sees which values changed, and no others', async () => {
    const { place, show } = await shared()
    const before = place.read()
    const opened = await place.open(ana)
    const { rewrite } = await import('../../src/operations/secrets-file.ts')
    place.wait(5)
    const after = (await rewrite(place.as(ana), opened, PLAIN.replace('hunter2', 'n3w'))).text
    const [old, now] = [await show(before, { by: [cat] }), await show(after, { by: [cat] })]
    const differing = linesOf(now).filter((line, i) => line !== linesOf(old)[i])
    expect(differing).toEqual([expect.stringMatching(/^ {2}password: ENC\[str len=3 /)])
    expect(compareTrees({ documents: old.documents ?? [] }, { documents: now.documents ?? [] })).toEqual([
      { document: 0, path: ['db', 'password'], kind: 'changed' },
    ])
  })
})

describe('a change of keys alone', () => {
  test('shows in the comments: another data key, somebody more', async () => {
    const { place, show } = await shared()
    const before = linesOf(await show())
    place.rule('keys: [ana, ben, cat]')
    await place.protect(PLAIN)
    const after = linesOf(await show())
    expect(after.filter((line) => !before.includes(line))).toEqual([
      expect.stringMatching(/^# kmsfile: encrypted by kmsfile, data key [0-9a-f]{8}$/),
      `# kmsfile: for ${cat.recipient}`,
    ])
  })

  test('shows what a rule encrypts, where that is not the usual', async () => {
    const place = team()
    place.rule('keys: [ana]', 'encrypted_regex: ^password$')
    await place.protect(PLAIN)
    const { text } = await revealer(place.as(ana)).reveal(new Uint8Array(Buffer.from(place.read())), 'prod.yaml')
    expect(text).toContain('# kmsfile: encrypted_regex "^password$"\n')
  })

  test('shows groups, and how many of them are needed', async () => {
    const place = team()
    place.rule('groups: [[ana], [ben], [cat]]', 'threshold: 2')
    await place.protect(PLAIN)
    const { text } = await revealer(place.as(ana, ben)).reveal(new Uint8Array(Buffer.from(place.read())), 'prod.yaml')
    expect(text).toContain(`# kmsfile: for ${cat.recipient} (group 3)\n# kmsfile: 2 of 3 groups needed\n`)
  })
})

describe('what is not as it should be says so', () => {
  test('plaintext, at once', async () => {
    const { show } = await shared()
    expect(await show(PLAIN)).toMatchObject({ kind: 'other', text: `# kmsfile: NOT ENCRYPTED\n${PLAIN}` })
    const binary = new Uint8Array([0xff, 0x00, 0x0a])
    const { text } = await show(binary)
    expect(Buffer.from(text as Uint8Array).toString('latin1')).toBe('# kmsfile: NOT ENCRYPTED\n\xff\x00\n')
  })

  test('but not what nobody wants encrypted, nor an empty file', async () => {
    const { show } = await shared()
    expect((await show(PLAIN, { isManaged: () => false })).text).toBe(PLAIN)
    expect((await show('')).text).toBe('')
  })

  test('values that somebody changed without kmsfile', async () => {
    const { place, show } = await shared()
    const shown = await show(place.read().replace('5432', '5433'))
    const { kind, text } = shown
    expect(kind).toBe('values')
    expect(linesOf(shown)[0]).toMatch(/^# kmsfile: BROKEN: /)
    expect(text).toContain('port_unencrypted: 5433')
  })

  test('a value that was moved, whose content nobody can tell', async () => {
    const { place, show } = await shared()
    const text = place.read()
    const [host = '', password = ''] = text.match(/ENC\[[^\]]*type:str\]/g) ?? []
    const moved = text.replace(host, 'X').replace(password, host).replace('X', password)
    const shown = await show(moved)
    expect(shown.kind).toBe('hidden')
    expect(linesOf(shown)[0]).toMatch(/^# kmsfile: BROKEN: /)
    expect(shown.text).not.toContain('hunter2')
  })

  test('values that were added by hand', async () => {
    const { place, show } = await shared()
    const { text } = await show(place.read().replace('port_unencrypted', 'added: by hand\nport_unencrypted'))
    expect(text).toContain('added: by hand\n')
    expect(text).toMatch(/^# kmsfile: (?:BROKEN|NOT ENCRYPTED): /)
  })

  test.each([
    ['a text that ends early', (text: string) => text.slice(0, text.indexOf('recipient:') + 5)],
    ['a text that is no YAML', (text: string) => `{${text}`],
    ['a metadata block that is lost', (text: string) => text.slice(0, text.indexOf('sops:'))],
    ['marks of a merge', (text: string) => `<<<<<<< a\n${text}=======\n>>>>>>> b\n`],
    ['two metadata blocks', (text: string) => text + text.slice(text.indexOf('sops:'))],
  ])('%s, as it is', async (_, damage) => {
    const { place, show } = await shared()
    const damaged = damage(place.read())
    const { kind, text } = await show(damaged)
    expect(kind).toBe('other')
    expect(text).toMatch(/^# kmsfile: cannot be read: /)
    expect(String(text).slice(String(text).indexOf('\n') + 1)).toBe(damaged)
  })
})

test('a name in a file cannot make a line of its own', async () => {
  const { place, show } = await shared()
  const text = place.read().replace(`recipient: ${ben.recipient}`, 'recipient: "age1\\nx: forged"')
  expect(linesOf(await show(text)).some((line) => line.startsWith('x: forged'))).toBe(false)
})

test('a data key that cannot be had is asked for once, however many versions there are', async () => {
  const { place } = await shared()
  const workspace = place.as(cat)
  let asked = 0
  const counting = {
    ...workspace,
    providers: {
      ...workspace.providers,
      get: async (type: 'age') => {
        asked++
        return workspace.providers.get(type)
      },
    },
  }
  const many = revealer(counting as typeof workspace)
  const bytes = new Uint8Array(Buffer.from(place.read()))
  await many.reveal(bytes, FILE)
  const once = asked
  for (let i = 0; i < 5; i++) await many.reveal(bytes, FILE)
  expect(asked).toBe(once)
})
