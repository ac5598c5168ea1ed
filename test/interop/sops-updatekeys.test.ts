import { describe, expect, test } from 'vitest'
import { treeOf } from '../../src/operations/read-secrets.ts'
import { treeDigest } from '../../src/operations/tree-digest.ts'
import { mapConcurrently } from '../../src/operations/workspace.ts'
import { corpora, type Plaintext } from './corpus.ts'
import { type Exceptions, expectedProblems } from './exceptions.ts'
import { ana, ben, openOrRefuse, sealOrRefuse } from './people.ts'
import { type Desk, hasSops, newDesk, PROCESSES } from './sops.ts'

type Problem = 'reads as tampered' | 'not sealed any more' | 'other values'

const EXCEPTIONS: Exceptions<Problem> = {
  'vectors/types.json': ['other values', 'a readable 1e3, which sops prints as the integer 1000'],
}

// Law 4 of the seal: `updatekeys` reads a file and prints it, as sops does, with its MAC untouched.
describe.skipIf(!hasSops)('a file that sops reads and prints anew is still sealed', () => {
  for (const { source, atHand, plaintexts } of corpora) {
    test.skipIf(!atHand)(`of ${source}, where it is at hand`, async ({ task }) => {
      const desk = newDesk()
      desk.write('.sops.yaml', `creation_rules:\n  - age: ${ana.recipient},${ben.recipient}\n`)
      const trials = await mapConcurrently(plaintexts(), (one, i) => tryOne(desk, one, i), PROCESSES)

      const tried = trials.filter((trial) => trial !== undefined)
      const problems = tried.flatMap(({ name, problem }) => (problem === undefined ? [] : [[name, problem]]))
      expect(Object.fromEntries(problems)).toEqual(expectedProblems(EXCEPTIONS, source))
      task.meta.counts = { files: tried.length, exceptions: problems.length }
    })
  }
})

/** Undefined for what kmsfile does not encrypt, or sops does not load. */
async function tryOne(
  desk: Desk,
  { name, format, bytes }: Plaintext,
  index: number,
): Promise<{ readonly name: string; readonly problem?: Problem } | undefined> {
  const sealed = await sealOrRefuse(format, bytes)
  if (sealed === undefined) return undefined
  const before = await openOrRefuse(format, sealed.text)
  if (before === undefined) return { name, problem: 'reads as tampered' }
  const path = `${index}.${format.name}`
  desk.write(path, sealed.text)
  const { code } = await desk.sops(['updatekeys', '--yes', path])
  if (code !== 0) return undefined

  const text = desk.read(path)
  expect(text, name).toContain(ben.recipient)
  const after = await openOrRefuse(format, text)
  if (after === undefined) return { name, problem: 'reads as tampered' }
  if (after.integrity !== 'sealed') return { name, problem: 'not sealed any more' }
  const same = (await treeDigest(treeOf(after))) === (await treeDigest(treeOf(before)))
  return { name, ...(!same && { problem: 'other values' as const }) }
}
