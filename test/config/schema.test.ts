import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseKmsfileYaml } from '../../src/config/kmsfile-yaml.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const names = (folder: string) => readdirSync(new URL(`../../${folder}/`, import.meta.url)).sort()
const SCHEMA = JSON.parse(read('src/config/schema.json')) as Schema

/** What a schema cannot say: names that must be defined, checksums, globs, regular expressions, rules that hide others. */
const BEYOND_THE_SCHEMA = [
  'data-key-without-kms',
  'glob-unclosed',
  'hidden-rule',
  'key-age-mistyped',
  'key-age-short',
  'key-age-ssh',
  'regex-lookahead',
  'regex-unbalanced',
  'same-key-twice',
  'same-key-two-names',
  'tag',
  'threshold-one',
  'threshold-too-high',
  'undefined-name',
  'undefined-name-in-group',
].map((name) => `kmsfile-${name}.yaml`)
/** What is no YAML, or not one document of plain maps. */
const NO_DOCUMENT = ['alias-unknown', 'complex-key', 'merge-text', 'no-yaml', 'repeated-key', 'second-document'].map(
  (name) => `kmsfile-${name}.yaml`,
)

describe('the schema and the parser', () => {
  test.each(names('fixtures/config/kmsfile'))('both accept %s', async (name) => {
    const text = read(`fixtures/config/kmsfile/${name}`)
    await expect(parseKmsfileYaml(text, { file: name })).resolves.toBeDefined()
    expect(problemsOf(parse(text, { merge: true }))).toEqual([])
  })

  const refused = names('fixtures/refused/CONFIG_INVALID').filter((name) => name.startsWith('kmsfile-'))
  test.each(refused.filter((name) => ![...BEYOND_THE_SCHEMA, ...NO_DOCUMENT].includes(name)))(
    'both refuse %s',
    (name) => {
      expect(problemsOf(parse(read(`fixtures/refused/CONFIG_INVALID/${name}`)))).not.toEqual([])
    },
  )
  test.each(refused.filter((name) => BEYOND_THE_SCHEMA.includes(name)))('%s is for the parser alone', (name) => {
    expect(problemsOf(parse(read(`fixtures/refused/CONFIG_INVALID/${name}`), { logLevel: 'silent' }))).toEqual([])
  })

  test('the parser knows the keys that the schema knows, and no others', async () => {
    const { properties, definitions } = SCHEMA
    const hintOf = async (text: string) => {
      const error: unknown = await parseKmsfileYaml(text, { file: 'x' }).catch((cause) => cause)
      return ((error as { hint?: string }).hint ?? '').replace(/^use /, '').split(', ').sort()
    }
    expect(await hintOf('unheard-of: 1')).toEqual(Object.keys(properties!).sort())
    expect(await hintOf('version: 1\nrules: [{ unheard-of: 1 }]')).toEqual(
      Object.keys(definitions!['rule']!.properties!).sort(),
    )
    expect(await hintOf('version: 1\nrecipients: { a: { unheard-of: 1 } }')).toEqual(
      Object.keys(definitions!['key']!.properties!).sort(),
    )
  })
})

test('the schema uses no keyword that these tests do not check', () => {
  const unknown = new Set<string>()
  const walk = (schema: Schema) => {
    for (const key of Object.keys(schema)) if (!(key in CHECKS) && !DESCRIPTIONS.includes(key)) unknown.add(key)
    const { items, not, additionalProperties, propertyNames, properties, definitions, oneOf, anyOf } = schema
    for (const part of [items, not, additionalProperties, propertyNames]) if (typeof part === 'object') walk(part)
    for (const part of [properties, definitions]) Object.values(part ?? {}).forEach(walk)
    for (const part of [oneOf, anyOf]) part?.forEach(walk)
  }
  walk(SCHEMA)
  expect([...unknown]).toEqual([])
})

interface Schema {
  readonly properties?: Record<string, Schema>
  readonly definitions?: Record<string, Schema>
  readonly items?: Schema
  readonly not?: Schema
  readonly propertyNames?: Schema
  readonly additionalProperties?: boolean | Schema
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly [key: string]: unknown
}

const DESCRIPTIONS = ['$schema', '$id', 'title', 'description', 'definitions']

/** The part of JSON Schema that ours uses. Each check says whether a value passes. */
const CHECKS: Record<string, (value: unknown, argument: never, schema: Schema) => boolean> = {
  $ref: (value, ref: string) => passes(value, SCHEMA.definitions![ref.replace('#/definitions/', '')]!),
  type: (value, type: string) => typesOf(value).includes(type),
  const: (value, expected: unknown) => value === expected,
  minLength: (value, least: number) => typeof value !== 'string' || value.length >= least,
  pattern: (value, pattern: string) => typeof value !== 'string' || new RegExp(pattern, 'u').test(value),
  minimum: (value, least: number) => typeof value !== 'number' || value >= least,
  maximum: (value, most: number) => typeof value !== 'number' || value <= most,
  minItems: (value, least: number) => !Array.isArray(value) || value.length >= least,
  maxItems: (value, most: number) => !Array.isArray(value) || value.length <= most,
  uniqueItems: (value) => !Array.isArray(value) || new Set(value).size === value.length,
  items: (value, schema: Schema) => !Array.isArray(value) || value.every((item) => passes(item, schema)),
  required: (value, keys: string[]) => keys.every((key) => !isObject(value) || Object.hasOwn(value, key)),
  properties: (value, parts: Record<string, Schema>) =>
    Object.entries(parts).every(([key, part]) => !isObject(value) || !(key in value) || passes(value[key], part)),
  propertyNames: (value, schema: Schema) =>
    Object.keys(isObject(value) ? value : {}).every((key) => passes(key, schema)),
  additionalProperties: (value, rest: boolean | Schema, { properties = {} }) =>
    Object.entries(isObject(value) ? value : {}).every(
      ([key, part]) => Object.hasOwn(properties, key) || (typeof rest === 'object' ? passes(part, rest) : rest),
    ),
  dependencies: (value, needs: Record<string, string[]>) =>
    Object.entries(needs).every(
      ([key, others]) => !isObject(value) || !(key in value) || others.every((n) => n in value),
    ),
  oneOf: (value, options: Schema[]) => options.filter((option) => passes(value, option)).length === 1,
  anyOf: (value, options: Schema[]) => options.some((option) => passes(value, option)),
  not: (value, schema: Schema) => !passes(value, schema),
}

function problemsOf(value: unknown, schema: Schema = SCHEMA): string[] {
  return Object.entries(schema)
    .filter(([key, argument]) => key in CHECKS && !CHECKS[key]!(value, argument as never, schema))
    .map(([key]) => key)
}

function passes(value: unknown, schema: Schema): boolean {
  return problemsOf(value, schema).length === 0
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function typesOf(value: unknown): string[] {
  if (Array.isArray(value)) return ['array']
  if (value === null) return ['null']
  return Number.isInteger(value) ? ['integer', 'number'] : [typeof value]
}
