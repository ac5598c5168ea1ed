import { expect, test } from 'vitest'
import { json } from '../../src/formats/json.ts'
import { treeOfPlaintext } from '../../src/operations/read-secrets.ts'
import { open, protect } from './secrets.ts'

const PLAIN = '"a\\nb": x\nlist: [1, two]\n'

test('values of a file that is encrypted as one value are found in it', async () => {
  const written = await protect(PLAIN)
  expect(written.whole).toBeDefined()

  const tree = treeOfPlaintext(await open(written.text))

  expect(json.emit(tree)).toBe('{\n\t"a\\nb": "x",\n\t"list": [\n\t\t1,\n\t\t"two"\n\t]\n}\n')
})

test('one that has no tree says so, with its place', async () => {
  const written = await protect('a: 1\n? [b, c]\n: d\n')

  const file = await open(written.text)

  expect(() => treeOfPlaintext(file)).toThrow(expect.objectContaining({ code: 'FORMAT_UNSUPPORTED', line: 2 }))
})
