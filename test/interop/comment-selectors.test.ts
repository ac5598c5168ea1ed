import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { SELECTOR_FIELDS } from '../../src/core/envelope.ts'
import type { Selector } from '../../src/core/selection.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { plaintextOf } from '../../src/operations/read-secrets.ts'
import { mapConcurrently } from '../../src/operations/workspace.ts'
import { ana, openOrRefuse, sealOrRefuse } from './people.ts'
import { type Choices, seeded } from './random.ts'
import { type Desk, hasSops, newDesk, PROCESSES } from './sops.ts'
import { encryptedPaths, readSame } from './yaml-values.ts'

const TEXTS = 60
const MARK = 'sops:mark'

/** A text with comments before, behind and after values, some of them marked. */
function commented(choices: Choices): string {
  const lines: string[] = []
  let names = 0
  for (let documents = choices.below(4) === 0 ? 2 : 1; documents > 0; documents--) {
    if (choices.below(4) === 0) lines.push(`# ${note()}`, lines.length === 0 ? choices.oneOf(['', '---']) : '')
    block(0, 2 + choices.below(3))
    if (documents > 1) lines.push(choices.oneOf(['---', '...\n---']))
  }
  return `${lines.join('\n')}\n`

  function block(column: number, size: number): void {
    const isList = column > 0 && choices.below(3) === 0
    const margin = ' '.repeat(column)
    for (let i = 0; i < size; i++) {
      // Mostly where comments belong; sometimes in another column, where nobody can say whose they are.
      if (choices.below(3) === 0) {
        lines.push(`${choices.below(12) === 0 ? `${margin} ` : margin}# ${note()}`)
        if (choices.below(6) === 0) lines.push('')
      }
      const opener = isList ? `${margin}- ` : `${margin}k${names++}:`
      if (!isList && column < 6 && choices.below(3) === 0) {
        lines.push(opener)
        block(column + 2, 1 + choices.below(3))
      } else lines.push(`${opener}${isList ? '' : ' '}v${names++}${choices.below(4) === 0 ? ` # ${note()}` : ''}`)
    }
    if (choices.below(12) === 0) lines.push(`${margin}# ${note()}`)
  }

  function note(): string {
    return choices.below(2) === 0 ? MARK : 'a remark'
  }
}

describe.skipIf(!hasSops)('comments say the same to both programs, where kmsfile takes them', () => {
  test.for(['encrypted-comment-regex', 'unencrypted-comment-regex'] as const)('%s', async (kind, { task }) => {
    const desk = newDesk()
    desk.write('.sops.yaml', `creation_rules:\n  - age: ${ana.recipient}\n    ${SELECTOR_FIELDS[kind]}: ${MARK}\n`)
    const choices = seeded(5)
    const texts = Array.from({ length: TEXTS }, () => commented(choices))

    const outcomes = await mapConcurrently(texts, (text, i) => compare(desk, text, { kind, index: i }), PROCESSES)

    expect(outcomes.filter((outcome) => typeof outcome === 'string')).toEqual([])
    const taken = outcomes.filter((outcome) => outcome).length
    expect(taken).toBeGreaterThan(TEXTS / 4)
    task.meta.counts = { texts: TEXTS, 'kmsfile takes': taken }
  })
})

/** True where both make the same of a text, false where kmsfile or sops refuses it; else what differs. */
async function compare(
  desk: Desk,
  text: string,
  { kind, index }: { readonly kind: Selector['kind']; readonly index: number },
): Promise<boolean | string> {
  const sealed = await sealOrRefuse(yaml, Buffer.from(text), { selector: { kind, text: MARK } })
  if (sealed === undefined) return false
  desk.write(`plain-${index}.yaml`, text)
  const own = await desk.sops(['encrypt', `plain-${index}.yaml`])
  // It refuses where an encrypted comment would match.
  if (own.code !== 0) return false
  desk.write(`sops-${index}.yaml`, own.stdout)
  desk.write(`kmsfile-${index}.yaml`, sealed.text)
  const [ofOwn, ofOurs] = await Promise.all(
    ['sops', 'kmsfile'].map((writer) => desk.sops(['decrypt', `${writer}-${index}.yaml`])),
  )
  const opened = await openOrRefuse(yaml, own.stdout)
  // Behind an encrypted comment in a list sops itself takes the next item for another one than it encrypted.
  const consistent = readSame(ofOwn?.stdout ?? '', text)
  const checks = {
    'other values are encrypted': isDeepStrictEqual(encryptedPaths(own.stdout), encryptedPaths(sealed.text)),
    'sops does not read what kmsfile wrote': ofOurs?.code === 0 && readSame(ofOurs.stdout, text),
    'kmsfile does not read what sops wrote':
      !consistent || (opened !== undefined && readSame((await plaintextOf(opened)).text, text)),
  }
  const differences = Object.entries(checks).flatMap(([difference, same]) => (same ? [] : [difference]))
  return differences.length === 0 || `${differences.join(', ')}\n${text}\n${withoutMetadata(own.stdout)}`
}

function withoutMetadata(text: string): string {
  return text.replace(/^sops:\n(?:[ ].*\n)*/gm, '')
}
