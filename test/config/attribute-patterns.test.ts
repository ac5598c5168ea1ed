import { describe, expect, test } from 'vitest'
import { attributePatterns } from '../../src/config/attribute-patterns.ts'

describe('the patterns for .gitattributes', () => {
  test.each([
    ['secrets/**', ['secrets/**']],
    ['*.enc.{yaml,yml,json}', ['*.enc.yaml', '*.enc.yml', '*.enc.json']],
    ['/prod.yaml', ['/prod.yaml']],
    ['secrets', ['secrets', '**/secrets/**']],
    ['secrets/', ['**/secrets/**']],
    ['/secrets/', ['secrets/**']],
    ['a/secrets', ['a/secrets', 'a/secrets/**']],
    ['with space.yaml', ['"with space.yaml"']],
    ['#x.yaml', ['"#x.yaml"']],
  ])('of %s are %j', (glob, patterns) => {
    expect(attributePatterns(glob)).toEqual(patterns)
  })

  test.each([
    ['secrets/**', ['a/b\\*/secrets/**']],
    ['*.enc.yaml', ['a/b\\*/**/*.enc.yaml']],
    ['/x.yaml', ['a/b\\*/x.yaml']],
  ])('of %s in a folder are %j', (glob, patterns) => {
    expect(attributePatterns(glob, { folder: 'a/b*' })).toEqual(patterns)
  })

  test('of what is no glob are refused', () => {
    expect(() => attributePatterns('!a')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })
})
