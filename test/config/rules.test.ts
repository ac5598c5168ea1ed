import { describe, expect, test } from 'vitest'
import { checkThreshold, isConfigName, type Rule, withFlags } from '../../src/config/rules.ts'
import type { MasterKey } from '../../src/core/master-key.ts'

const key = (recipient: string): MasterKey => ({ type: 'age', recipient })
const kms: MasterKey = { type: 'aws-kms', arn: 'arn' }
const rule: Rule = {
  source: 'kmsfile',
  file: '.kmsfile.yaml',
  line: 3,
  groups: [[kms], [key('b')], [key('c')]],
  threshold: 2,
  selector: { kind: 'encrypted-regex', text: '^secret' },
  macOnlyEncrypted: false,
  integrity: 'sealed',
  dataKeyFromKms: true,
  names: new Map([['x', 'ana']]),
}

describe('flags', () => {
  test('change nothing where there are none', () => {
    expect(withFlags(rule, {})).toEqual(rule)
  })

  test('replace the keys of the rule, with its threshold, and keep the rest', () => {
    expect(withFlags(rule, { keys: [key('d'), key('d'), key('e')] })).toEqual({
      ...rule,
      source: 'flags',
      groups: [[key('d'), key('e')]],
      threshold: undefined,
      dataKeyFromKms: undefined,
    })
    expect(withFlags(rule, { keys: [kms] }).dataKeyFromKms).toBe(true)
  })

  test('replace selector and threshold, and can only add mac_only_encrypted', () => {
    const selector = { kind: 'unencrypted-suffix', text: '_plain' } as const
    expect(withFlags(rule, { selector, threshold: 3, macOnlyEncrypted: true })).toEqual({
      ...rule,
      selector,
      threshold: 3,
      macOnlyEncrypted: true,
    })
    expect(withFlags({ ...rule, macOnlyEncrypted: true }, { macOnlyEncrypted: false }).macOnlyEncrypted).toBe(true)
  })

  test('do without a rule', () => {
    expect(withFlags(undefined, { keys: [key('a')] })).toEqual({
      source: 'flags',
      file: '',
      groups: [[key('a')]],
      selector: { kind: 'unencrypted-suffix', text: '_unencrypted' },
      macOnlyEncrypted: false,
      names: new Map(),
    })
  })
})

test.each([
  [undefined, 3, true],
  [2, 3, true],
  [3, 3, true],
  [1, 3, false],
  [4, 3, false],
  [0, 3, false],
  [1, 1, true],
  [2, 1, false],
  [2, 255, true],
  [2, 256, false],
])('a threshold of %j with %i groups: %s', (threshold, groups, fine) => {
  const checked = expect(() => checkThreshold(threshold, groups))
  if (fine) checked.not.toThrow()
  else checked.toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})

test.each([
  ['.kmsfile.yaml', true],
  ['a/.sops.yml', true],
  ['.gitattributes', true],
  ['x.kmsfile.yaml', false],
  ['.sops.yaml.enc', false],
  ['.git/config', false],
])('%s configures something: %s', (path, expected) => {
  expect(isConfigName(path)).toBe(expected)
})
