import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { decodeText } from '../../src/host/utf8.ts'
import { mapConcurrently } from '../../src/operations/workspace.ts'
import { corpora, type Plaintext } from './corpus.ts'
import { type Exceptions, expectedProblems } from './exceptions.ts'
import { ana, sealOrRefuse } from './people.ts'
import { type Desk, hasSops, newDesk, PROCESSES } from './sops.ts'
import { spelledValues } from './yaml-values.ts'

type Problem =
  /** kmsfile does not take what sops takes. */
  | 'refused'
  /** kmsfile encrypts it as one value, and sops gets exactly that. */
  | 'whole'
  /** sops does not open what kmsfile made. */
  | 'not decrypted'
  /** sops finds other values than in what it encrypted itself. */
  | 'other values'

const NO_YAML = 'no YAML; go-yaml lets it pass'
const COLON = 'a key in braces that does not stand on one line with its colon'
const TAB = 'a tab that YAML allows and go-yaml does not'
const NO_UTF8 = 'bytes that are no UTF-8: sops replaces them, kmsfile would have to as well'
const HALF = 'a key with half a surrogate pair, which sops replaces'
const LARGE = 'an integer beyond 64 bits: sops rounds it, kmsfile gives it to sops as a text'

/** Plaintexts that sops can encrypt. */
const LOADED: Exceptions<Problem> = {
  'vectors/types.yaml': ['other values', LARGE],
  'fixtures/values/terraform.json': ['other values', LARGE],
  'suite/26DV': ['whole', 'a key that is an alias'],
  'suite/E76Z': ['whole', 'a key that is an alias'],
  'suite/565N': ['whole', '!!binary that is no UTF-8'],
  'suite/5WE3': ['whole', 'a key of several lines, which sops prints as a block scalar'],
  'suite/6SLA': ['whole', 'keys of several lines, which sops prints as block scalars'],
  'suite/UKK6/02': ['whole', 'the root is a text with the tag "!"; go-yaml takes it for nothing'],
  'suite/Y2GN': ['whole', 'go-yaml ends the name of an anchor at a colon'],
  'suite/4ABK': ['whole', 'go-yaml takes the colon of `omitted value:,` in braces for a part of the key'],
  'suite/652Z': ['whole', 'go-yaml takes `?foo` in braces for the key `foo`'],
  'suite/MUS6/00': ['refused', NO_YAML],
  'suite/S98Z': ['refused', NO_YAML],
  'suite/SU5Z': ['refused', NO_YAML],
  'suite/X4QW': ['refused', NO_YAML],
  'json/i_object_key_lone_2nd_surrogate.json': ['whole', HALF],
  'json-member/i_object_key_lone_2nd_surrogate.json': ['whole', HALF],
  'json-member/i_number_too_big_neg_int.json': ['other values', LARGE],
  'json-member/i_number_too_big_pos_int.json': ['other values', LARGE],
  'json-member/i_number_very_big_negative_int.json': ['other values', LARGE],
  'json-member/i_string_UTF-8_invalid_sequence.json': ['refused', NO_UTF8],
  'json-member/i_string_UTF8_surrogate_U+D800.json': ['refused', NO_UTF8],
  'json-member/i_string_invalid_utf-8.json': ['refused', NO_UTF8],
  'json-member/i_string_iso_latin_1.json': ['refused', NO_UTF8],
  'json-member/i_string_lone_utf8_continuation_byte.json': ['refused', NO_UTF8],
  'json-member/i_string_not_in_unicode_range.json': ['refused', NO_UTF8],
  'json-member/i_string_overlong_sequence_2_bytes.json': ['refused', NO_UTF8],
  'json-member/i_string_overlong_sequence_6_bytes.json': ['refused', NO_UTF8],
  'json-member/i_string_overlong_sequence_6_bytes_null.json': ['refused', NO_UTF8],
  'json-member/i_string_truncated-utf-8.json': ['refused', NO_UTF8],
  'json-member/i_structure_500_nested_arrays.json': ['refused', 'nested more than 200 levels deep'],
}

/** Plaintexts that sops cannot encrypt: it opens them all the same when kmsfile encrypted them, but for these. */
const NOT_LOADED: Exceptions<Problem> = {
  'fixtures/refused/CONFIG_INVALID/kmsfile-merge-text.yaml': ['not decrypted', 'a merge key whose value is no map'],
  'suite/4MUZ/00': ['not decrypted', COLON],
  'suite/4MUZ/01': ['not decrypted', COLON],
  'suite/4MUZ/02': ['not decrypted', COLON],
  'suite/5MUD': ['not decrypted', COLON],
  'suite/9SA2': ['not decrypted', COLON],
  'suite/K3WX': ['not decrypted', COLON],
  'suite/NJ66': ['not decrypted', COLON],
  'suite/UT92': ['not decrypted', COLON],
  'suite/VJP3/00': ['not decrypted', COLON],
  'suite/VJP3/01': ['not decrypted', COLON],
  'suite/6BCT': ['not decrypted', TAB],
  'suite/6CA3': ['not decrypted', TAB],
  'suite/A2M4': ['not decrypted', TAB],
  'suite/DK95/00': ['not decrypted', TAB],
  'suite/DK95/03': ['not decrypted', TAB],
  'suite/DK95/04': ['not decrypted', TAB],
  'suite/Q5MG': ['not decrypted', TAB],
  'suite/Y79Y/010': ['not decrypted', TAB],
  'suite/HWV9': ['not decrypted', 'a document end before any document'],
  'suite/QT73': ['not decrypted', 'a document end before any document'],
  'suite/JR7V': ['not decrypted', 'question marks inside of words in brackets'],
}

describe.skipIf(!hasSops)('sops reads what kmsfile wrote', () => {
  for (const { source, atHand, plaintexts } of corpora) {
    test.skipIf(!atHand)(`of ${source}, where it is at hand`, async ({ task }) => {
      const desk = newDesk()
      const trials = await mapConcurrently(plaintexts(), (one, i) => tryOne(desk, one, i), PROCESSES)

      const of = (loaded: boolean) => trials.filter((trial) => trial.loaded === loaded)
      expect(problemsOf(of(true))).toEqual(expectedProblems(LOADED, source))
      expect(problemsOf(of(false))).toEqual(expectedProblems(NOT_LOADED, source))
      task.meta.counts = {
        files: trials.length,
        'sops encrypts itself': of(true).length,
        exceptions: Object.keys(problemsOf(of(true))).length,
        'sops does not, but opens them': of(false).filter(({ refused, problem }) => !refused && !problem).length,
        'sops neither encrypts nor opens them': of(false).filter(({ problem }) => problem !== undefined).length,
        'neither encrypts them': of(false).filter(({ refused }) => refused).length,
        comments: trials.reduce((sum, { comments }) => sum + comments, 0),
        'comments that sops leaves encrypted': trials.reduce((sum, { closed }) => sum + closed, 0),
      }
    })
  }
})

interface Trial {
  readonly name: string
  /** Whether sops itself can encrypt it. */
  readonly loaded: boolean
  readonly refused: boolean
  readonly problem: Problem | undefined
  /** How many comments there are, and how many of them sops prints as ciphertext. */
  readonly comments: number
  readonly closed: number
}

async function tryOne(desk: Desk, { name, format, bytes }: Plaintext, index: number): Promise<Trial> {
  const file = (kind: string) => `${kind}-${index}.${format.name}`
  desk.write(file('plain'), bytes)
  const own = await desk.sops(['encrypt', '--age', ana.recipient, file('plain')])
  const trial = { name, loaded: own.code === 0, refused: false, comments: 0, closed: 0 }

  const sealed = await sealOrRefuse(format, bytes)
  if (sealed === undefined) return { ...trial, refused: true, problem: trial.loaded ? 'refused' : undefined }
  desk.write(file('kmsfile'), sealed.text)
  const printed = await desk.sops(['decrypt', file('kmsfile')])
  if (printed.code !== 0) return { ...trial, problem: 'not decrypted' }
  if (sealed.whole !== undefined) {
    const { __whole__: value } = parseYaml(printed.stdout)
    return { ...trial, problem: value !== decodeText(bytes) ? 'other values' : trial.loaded ? 'whole' : undefined }
  }
  const comments = {
    comments: sealed.text.match(ENCRYPTED_COMMENT)?.length ?? 0,
    closed: printed.stdout.match(ENCRYPTED_COMMENT)?.length ?? 0,
  }
  if (!trial.loaded) return { ...trial, ...comments, problem: undefined }

  // sops' own reading of the plaintext is the measure: printed by the same program, equal values look equal.
  desk.write(file('sops'), own.stdout)
  const ownPrinted = await desk.sops(['decrypt', file('sops')])
  const same = isDeepStrictEqual(spelledValues(printed.stdout), spelledValues(ownPrinted.stdout))
  return { ...trial, ...comments, problem: same ? undefined : 'other values' }
}

const ENCRYPTED_COMMENT = /#ENC\[AES256_GCM,.*type:comment\]/g

function problemsOf(trials: readonly Trial[]): Record<string, Problem> {
  return Object.fromEntries(trials.flatMap(({ name, problem }) => (problem === undefined ? [] : [[name, problem]])))
}
