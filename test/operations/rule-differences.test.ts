import { describe, expect, test } from 'vitest'
import type { Rule } from '../../src/config/rules.ts'
import type { Envelope } from '../../src/core/envelope.ts'
import type { KeyGroup, MasterKey } from '../../src/core/master-key.ts'
import { DEFAULT_SELECTOR } from '../../src/core/selection.ts'
import { compareWithRule } from '../../src/operations/rule-differences.ts'

const [ana, ben, cat] = ['age1ana', 'age1ben', 'age1cat'].map(
  (recipient): MasterKey => ({ type: 'age', recipient }),
) as [MasterKey, MasterKey, MasterKey]

function envelope(groups: readonly KeyGroup[], changes: Partial<Envelope> = {}): Envelope {
  return {
    groups: groups.map((group) => group.map((masterKey) => ({ masterKey, wrapped: '' }))),
    threshold: 0,
    lastModified: '2026-01-02T03:04:05Z',
    mac: '',
    selector: DEFAULT_SELECTOR,
    macOnlyEncrypted: false,
    version: '3.13.3',
    kmsfile: 'v1.id.blob',
    ...changes,
  }
}

function rule(groups: readonly KeyGroup[], changes: Partial<Rule> = {}): Rule {
  const rest = { selector: DEFAULT_SELECTOR, macOnlyEncrypted: false, names: new Map<string, string>() }
  return { source: 'kmsfile', file: '.kmsfile.yaml', groups, ...rest, ...changes }
}

const compare = (file: Envelope, wanted: Rule, whole = false) => compareWithRule(file, wanted, { whole })

describe('compareWithRule', () => {
  test('finds nothing where the same keys stand in another order', () => {
    expect(compare(envelope([[ana, ben]]), rule([[ben, ana]]))).toEqual([])
  })

  test('finds keys that are missing, and those that nobody configured', () => {
    expect(compare(envelope([[ana, cat]]), rule([[ana, ben]]))).toEqual([
      { kind: 'keys', missing: [ben], surplus: [cat] },
    ])
  })

  test('tells other groups from other keys', () => {
    expect(compare(envelope([[ana, ben], [cat]]), rule([[ana], [ben, cat]]))).toEqual([{ kind: 'groups' }])
  })

  test('finds another threshold, where no threshold means all', () => {
    const groups = [[ana], [ben], [cat]]
    expect(compare(envelope(groups), rule(groups, { threshold: 3 }))).toEqual([])
    expect(compare(envelope(groups, { threshold: 2 }), rule(groups))).toEqual([
      { kind: 'threshold', own: { needed: 2, groups: 3 }, wanted: { needed: 3, groups: 3 } },
    ])
  })

  test('says nothing of keys where the rule names none', () => {
    expect(compare(envelope([[ana]]), rule([]))).toEqual([])
  })

  test('finds another selector, except in a file that is one value', () => {
    const selector = { kind: 'encrypted-regex', text: '^data$' } as const
    const difference = { kind: 'selector', own: DEFAULT_SELECTOR, wanted: selector }
    expect(compare(envelope([[ana]]), rule([[ana]], { selector }))).toEqual([difference])
    expect(compare(envelope([[ana]]), rule([[ana]], { selector }), true)).toEqual([])
  })

  test('finds another reach of the MAC', () => {
    expect(compare(envelope([[ana]]), rule([[ana]], { macOnlyEncrypted: true }))).toEqual([
      { kind: 'mac-only-encrypted', wanted: true },
    ])
  })

  test('finds a file of sops where the rule asks for a seal', () => {
    const sealed = rule([[ana]], { integrity: 'sealed' })
    expect(compare(envelope([[ana]], { kmsfile: undefined }), sealed)).toEqual([{ kind: 'not-sealed' }])
    expect(compare(envelope([[ana]]), sealed)).toEqual([])
    expect(compare(envelope([[ana]], { kmsfile: undefined }), rule([[ana]]))).toEqual([])
  })
})
