import { describe, expect, test } from 'vitest'
import { parseNodes } from '../../src/config/yaml-nodes.ts'

const parse = (text: string) => parseNodes({ text, file: 'config.yaml' })
const refused = expect.objectContaining({ code: 'CONFIG_INVALID', file: 'config.yaml', line: expect.any(Number) })

describe('a hostile text', () => {
  test.each([
    ['2 KB of brackets', '['.repeat(2048)],
    ['1 MB of brackets', '['.repeat(1_000_000)],
    ['braces', '{'.repeat(2048)],
    ['dashes', '- '.repeat(2048)],
    ['question marks', '? '.repeat(2048)],
    ['folders of indentation', Array.from({ length: 60 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['more than 1 MiB', `a: ${'x'.repeat(1024 * 1024)}`],
    ['a text of commas', `[${','.repeat(100_000)}]`],
    ['anchors on nothing', '&a '.repeat(100_000)],
    [
      'a billion laughs',
      `a0: &a0 [x]\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}]`).join('\n')}`,
    ],
    [
      'a long chain of aliases',
      `a0: &a0 [x]\n${Array.from({ length: 500 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]`).join('\n')}`,
    ],
    [
      'maps merged again and again',
      `a: &a {${Array.from({ length: 2000 }, (_, i) => `k${i}: 1`).join(', ')}}\n${Array.from({ length: 2000 }, (_, i) => `b${i}: {<<: *a}`).join('\n')}`,
    ],
    ['an alias in the list that it names', 'a: &a [*a]'],
  ])('is refused: %s', async (_, text) => {
    await expect(parse(text)).rejects.toEqual(refused)
  })

  test('20 000 different keys are read', async () => {
    const text = Array.from({ length: 20_000 }, (_, i) => `key${i}: ${i}`).join('\n')
    expect(await parse(text)).toMatchObject({ kind: 'map', entries: { length: 20_000 } })
  })
})

describe('a text', () => {
  test.each(['', '# only a comment\n', '---\n', '---\n...\n'])('without a value gives nothing: %j', async (text) => {
    expect(await parse(text)).toBeUndefined()
  })

  test('keeps scalars as they are written, with their places', async () => {
    const text = 'a: 007\nb: "0\\x37"\nc: yes\nd:\n  - ~\n'
    expect(await parse(text)).toMatchObject({
      kind: 'map',
      entries: [
        { key: { text: 'a', start: 0, end: 1 }, value: { text: '007', plain: true, start: 3, end: 6 } },
        { key: { text: 'b' }, value: { text: '07', plain: false, start: 10, end: 17 } },
        { value: { text: 'yes', plain: true } },
        { value: { kind: 'list', flow: false, items: [{ text: '~', plain: true }] } },
      ],
    })
  })

  test('an alias is the node that it names, and the anchor nearest before it counts', async () => {
    const root = await parse('- &a x\n- *a\n- &a y\n- *a\n')
    const items = root?.kind === 'list' ? root.items : []
    expect(items[1]).toBe(items[0])
    expect(items[3]).toBe(items[2])
  })

  test('what a map says itself goes before what is merged into it', async () => {
    const root = await parse('base: &b { x: 1, y: 1 }\nmore: &m { y: 2, z: 2 }\nmap: { <<: [*b, *m], x: 0 }\n')
    const map = root?.kind === 'map' ? root.entries.at(-1)?.value : undefined
    expect(map).toMatchObject({
      entries: [
        { key: { text: 'x' }, value: { text: '0' }, merged: false },
        { key: { text: 'y' }, value: { text: '1' }, merged: true },
        { key: { text: 'z' }, value: { text: '2' }, merged: true },
      ],
    })
  })
})
