import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { decodeText } from '../../src/host/utf8.ts'
import { plaintextOf, treeOf } from '../../src/operations/read-secrets.ts'
import { treeDigest } from '../../src/operations/tree-digest.ts'
import { mapConcurrently } from '../../src/operations/workspace.ts'
import { corpora, type Plaintext } from './corpus.ts'
import { type Exceptions, expectedProblems } from './exceptions.ts'
import { ana, openOrRefuse, unlessRefused } from './people.ts'
import { type Desk, hasSops, newDesk, PROCESSES } from './sops.ts'
import { commentsOf, readSame } from './yaml-values.ts'

type Problem =
  /** kmsfile does not open what sops encrypted. */
  | 'not opened'
  /** A value or its type is another than kmsfile finds in the plaintext. */
  | 'other values'
  /** What is printed says something else than what sops prints. */
  | 'printed otherwise'
  | 'other comments'

const LARGE = 'an integer beyond 64 bits, of which sops loses digits'

/** By the name of the plaintext. */
const EXCEPTIONS: Exceptions<Problem> = {
  'vectors/types.yaml': ['other values', LARGE],
  'vectors/types.json': ['other values', 'a readable 1e3, which sops prints as the integer 1000'],
  'fixtures/values/terraform.json': ['other values', LARGE],
  'json-member/i_number_too_big_neg_int.json': ['other values', LARGE],
  'json-member/i_number_too_big_pos_int.json': ['other values', LARGE],
  'json-member/i_number_very_big_negative_int.json': ['other values', LARGE],
  'json-member/i_structure_500_nested_arrays.json': ['not opened', 'nested more than 200 levels deep'],
  'suite/565N': ['not opened', '!!binary that is no UTF-8'],
  'suite/4ABK': ['other values', 'go-yaml takes `omitted value:,` in braces for a key that ends in a colon'],
  'suite/652Z': ['other values', 'go-yaml takes `?foo` in braces for the key `foo`'],
  'suite/UKK6/02': ['other values', 'go-yaml takes the text with the tag "!" for nothing'],
  'suite/Y2GN': ['other values', 'go-yaml ends the name of an anchor at a colon'],
  'kubernetes/AI/vllm-deployment/vllm-deployment.yaml': [
    'other comments',
    'sops attaches comments elsewhere when it reads its own file; kmsfile opens more of them than sops',
  ],
}

describe.skipIf(!hasSops)('kmsfile reads what sops wrote', () => {
  for (const { source, atHand, plaintexts } of corpora) {
    test.skipIf(!atHand)(`of ${source}, where it is at hand`, async ({ task }) => {
      const desk = newDesk()
      const trials = await mapConcurrently(plaintexts(), (one, i) => tryOne(desk, one, i), PROCESSES)

      const problems = trials.flatMap(({ name, problem }) => (problem === undefined ? [] : [[name, problem]]))
      expect(Object.fromEntries(problems)).toEqual(expectedProblems(EXCEPTIONS, source))
      task.meta.counts = {
        files: trials.length,
        'sops encrypts': trials.filter(({ loaded }) => loaded).length,
        exceptions: problems.length,
        comments: trials.reduce((sum, { comments }) => sum + comments, 0),
      }
    })
  }
})

interface Trial {
  readonly name: string
  /** Whether sops can encrypt it. */
  readonly loaded: boolean
  readonly problem?: Problem
  readonly comments: number
}

async function tryOne(desk: Desk, { name, format, bytes }: Plaintext, index: number): Promise<Trial> {
  const [plain, encrypted] = [`plain-${index}.${format.name}`, `sops-${index}.${format.name}`]
  desk.write(plain, bytes)
  const made = await desk.sops(['encrypt', '--age', ana.recipient, plain])
  if (made.code !== 0) return { name, loaded: false, comments: 0 }
  desk.write(encrypted, made.stdout)
  const { stdout: printedBySops } = await desk.sops(['decrypt', encrypted])

  const file = await openOrRefuse(format, made.stdout)
  if (file === undefined) return { name, loaded: true, comments: 0, problem: 'not opened' }
  expect(file.integrity, name).toBe('sops')
  const { text } = await plaintextOf(file)
  const comments = commentsOf(text)
  const trial = { name, loaded: true, comments: comments.length }
  if (!readSame(text, printedBySops)) return { ...trial, problem: 'printed otherwise' }
  if (!isDeepStrictEqual(comments, commentsOf(printedBySops))) return { ...trial, problem: 'other comments' }
  // Not every plaintext that sops reads is one for kmsfile.
  const own = await unlessRefused(async () => format.scan(decodeText(bytes)).documents)
  const same = own === undefined || (await treeDigest(own)) === (await treeDigest(treeOf(file)))
  return same ? trial : { ...trial, problem: 'other values' }
}
