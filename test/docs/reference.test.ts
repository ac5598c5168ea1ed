import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands.ts'
import { exitCodeFor } from '../../src/cli/exit-codes.ts'
import { LISTED_GIT_COMMANDS } from '../../src/cli/git-commands.ts'
import { parseKmsfileYaml } from '../../src/config/kmsfile-yaml.ts'
import { parseSopsYaml } from '../../src/config/sops-yaml.ts'
import { parseUserConfig } from '../../src/config/user-config.ts'
import { type ErrorCode, KmsfileError } from '../../src/errors.ts'
import { withReference } from './command-reference.ts'
import { page, pages, projectFile, tableRows } from './pages.ts'

const readme = page('README.md')

test('the README has the options of every command as they are', async () => {
  for (const name of Object.keys(COMMANDS))
    expect(readme.text).toContain(`\n### ${name}\n\n<!-- reference ${name} -->\n`)
  await expect(await withReference(readme.text)).toMatchFileSnapshot(readme.path)
})

test('the page on git has the options of every git command that people type', async () => {
  const { text, path } = page('docs/git.md')
  for (const [name, { summary }] of LISTED_GIT_COMMANDS) {
    if (summary !== undefined) expect(text).toContain(`\n### git ${name}\n\n<!-- reference git ${name} -->\n`)
  }
  await expect(await withReference(text)).toMatchFileSnapshot(path)
})

test('the README has every error code with its exit code', () => {
  const codes = [...projectFile('src/errors.ts').matchAll(/^ {2}\| '(\w+)'$/gm)].map(([, code]) => code as ErrorCode)
  const rows = tableRows(readme, 'Error codes').map(([code = '', exit]) => [code.replaceAll('`', ''), Number(exit)])

  expect(rows).toEqual(codes.map((code) => [code, exitCodeFor(new KmsfileError('', { code }))]))
})

test('the exit codes of errors are explained', () => {
  const explained = new Set(tableRows(readme, 'Exit codes').map(([code]) => Number(code)))

  for (const [, exit] of tableRows(readme, 'Error codes')) expect(explained).toContain(Number(exit))
})

test('the README names every variable that the code asks for', () => {
  // Those of AWS are the SDK's; these make no difference to anybody who does not read the code.
  const internal =
    /^(AWS_|GIT_|PRE_COMMIT_|KMSFILE_VERSION|NODE_(OPTIONS|V8)|(LOCAL)?APPDATA|HOME|USER|PATH|TE?MP$|N?EXINIT)/
  const asked = new Set<string>()
  for (const file of readdirSync(new URL('../../src/', import.meta.url), { recursive: true }).map(String)) {
    if (!/\.(ts|cjs)$/.test(file)) continue
    const text = readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8')
    for (const [, name = ''] of text.matchAll(/\benv(?:\.|\[')([A-Z][A-Z0-9_]+)/g)) asked.add(name)
    for (const [name] of text.matchAll(/\b(?:KMSFILE|SOPS)_[A-Z_]+(?=')/g)) asked.add(name)
  }
  const missing = [...asked].filter((name) => !internal.test(name) && !readme.text.includes(`\`${name}\``))

  expect(asked.size).toBeGreaterThan(20)
  expect(missing).toEqual([])
})

test('the README names every field of .kmsfile.yaml', () => {
  const fields = new Set<string>()
  const collect = (schema: unknown): void => {
    if (typeof schema !== 'object' || schema === null) return
    for (const [name, value] of Object.entries(schema)) {
      if (name === 'properties') for (const field of Object.keys(value)) fields.add(field)
      collect(value)
    }
  }
  collect(JSON.parse(projectFile('src/config/schema.json')))
  const [example = ''] = readme.blocks.filter(({ language }) => language === 'yaml').map(({ text }) => text)

  expect(fields.size).toBeGreaterThan(20)
  const selectors = /_(suffix|regex)$/
  for (const field of fields) expect(selectors.test(field) ? readme.text : example).toContain(field)
})

test.each(
  pages().flatMap(({ name, blocks }) =>
    blocks.filter(({ language }) => language === 'yaml').map(({ text, line }) => [`${name}:${line}`, text] as const),
  ),
)('the configuration at %s is valid', async (file, text) => {
  const [first = ''] = text.split('\n')
  const parse = first.startsWith('# .kmsfile.yaml')
    ? parseKmsfileYaml
    : first.startsWith('# .sops.yaml')
      ? parseSopsYaml
      : parseUserConfig
  expect(first).toMatch(/^# (\.kmsfile\.yaml|\.sops\.yaml|.*config\.yaml)/)

  await expect(parse(text, { file })).resolves.toBeDefined()
})
