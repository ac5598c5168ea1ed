import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type PatchSection, patchReader } from '../../src/git/show/show-patch.ts'

const ID = ['1', '2', '3'].map((digit) => digit.repeat(40))

const PAIR = `diff --git a/dir/x.yaml b/dir/x.yaml
old mode 100644
new mode 100755
index ${ID[0]}..${ID[1]}
--- a/dir/x.yaml
+++ b/dir/x.yaml
@@ -1,2 +1 @@ key
 diff --git a/not b/this
-two
\\ No newline at end of file
`
const MERGE = `diff --cc dir/it's "x".yaml
index ${ID[0]},${ID[1]}..${ID[2]}
mode 100644,100644..100755
--- a/dir/it's "x".yaml
+++ b/dir/it's "x".yaml
@@@ -1,1 -1,1 +1,1 @@@
- one
 -two
++three
`
const BINARY = `diff --git "a/t\\tab.yaml" "b/t\\tab.yaml"
index ${ID[0]}..${ID[1]} 100644
Binary files "a/t\\tab.yaml" and "b/t\\tab.yaml" differ
`
const LOG = `commit 1\n\n    diff --git a/x b/x\n\n${PAIR}\ncommit 2\n\n${MERGE}${BINARY}`

function read(chunks: readonly string[], graph = false): readonly (string | PatchSection)[] {
  const reader = patchReader({ graph })
  return [...chunks.flatMap((chunk) => [...reader.push(chunk)]), ...reader.end()]
}

const textOf = (items: readonly (string | PatchSection)[]) =>
  items.map((item) => (typeof item === 'string' ? item : [...item.header, ...item.body].join(''))).join('')
const sectionsOf = (items: readonly (string | PatchSection)[]) => items.filter((item) => typeof item !== 'string')

describe('what git prints is taken apart', () => {
  test('into patches, with ids, modes and names', () => {
    const [pair, merge, binary, ...others] = sectionsOf(read([LOG]))
    expect(pair).toMatchObject({ kind: 'pair', old: [ID[0]], new: ID[1], path: 'b/dir/x.yaml', name: 'x.yaml' })
    expect(pair).toMatchObject({ modes: ['100644', '100755'], oldPath: 'a/dir/x.yaml', isGone: false })
    expect(merge).toMatchObject({ kind: 'cc', old: [ID[0], ID[1]], new: ID[2], path: `dir/it's "x".yaml` })
    expect(merge?.modes).toEqual(['100644', '100644', '100755'])
    expect(binary).toMatchObject({ kind: 'pair', path: 'b/t\tab.yaml', name: 't\tab.yaml', modes: ['100644'] })
    expect(others).toEqual([])
  })

  test('wherever it is cut on its way, and nothing is lost', () => {
    const whole = sectionsOf(read([LOG]))
    fc.assert(
      fc.property(fc.array(fc.nat(LOG.length), { maxLength: 8 }), (places) => {
        const cuts = [0, ...places.sort((a, b) => a - b), LOG.length]
        const items = read(cuts.slice(1).map((end, i) => LOG.slice(cuts[i], end)))
        expect(textOf(items)).toBe(LOG)
        expect(sectionsOf(items)).toEqual(whole)
      }),
    )
  })

  test('also beside the lines of a graph', () => {
    const graph = `* x\n${PAIR.replaceAll(/^/gm, '| ').replace(/\| $/, '')}`
    const [section] = sectionsOf(read([graph], true))
    expect(section).toMatchObject({ prefix: '| ', path: 'b/dir/x.yaml' })
    expect(sectionsOf(read([graph], false))).toEqual([])
  })
})

test('what is no patch as git prints it, or ends early, is text', () => {
  for (const text of [
    '',
    'diff --git',
    PAIR.slice(0, -50),
    PAIR.replace('@@ -1,2', '@@ -1,3'),
    PAIR.replace('index ', 'idx '),
  ]) {
    const items = read([text])
    expect(sectionsOf(items)).toEqual([])
    expect(textOf(items)).toBe(text)
  }
})

test('a patch of more lines than anybody reads goes through as it is, and the next one does not', () => {
  const lines = 1_200_000
  const header = PAIR.slice(0, PAIR.indexOf('@@'))
  const text = `${header}@@ -0,0 +1,${lines} @@\n${'+\n'.repeat(lines)}`
  const items = read([text, MERGE])
  expect(textOf(items) === `${text}${MERGE}`).toBe(true)
  expect(sectionsOf(items)).toMatchObject([{ kind: 'cc' }])
})

test('so does a line of more characters', () => {
  const reader = patchReader()
  const part = '+'.repeat(16 * 1024 * 1024)
  let printed = 0
  const take = (items: readonly (string | PatchSection)[]) => {
    for (const item of items) printed += textOf([item]).length
  }
  take(reader.push(PAIR.slice(0, PAIR.indexOf('@@'))))
  for (let i = 0; i < 6; i++) take(reader.push(part))
  // It has not ended, and most of it is gone already.
  expect(printed).toBeGreaterThan(64 * 1024 * 1024)
  take(reader.end())
  expect(printed).toBe(PAIR.indexOf('@@') + 6 * part.length)
})
