import { isMap, isScalar, isSeq, parseAllDocuments } from 'yaml'
import { detectFormat } from '../../src/formats/detect.ts'
import { parseEncrypted } from '../../src/operations/read-secrets.ts'
import { ana, ben, eve } from './people.ts'
import type { Choices } from './random.ts'
import type { Desk } from './sops.ts'

/** Something that somebody does to a file. */
export interface Step {
  readonly name: string
  /** Whether it may write a new MAC; changing recipients does not. */
  readonly writesMac: boolean
  run(desk: Desk, file: string, choices: Choices): Promise<{ readonly code: number | null; readonly stderr: string }>
}

/** sops' own code for "nothing was changed". */
const NOT_MODIFIED = 200

const threshold = (groups: number) => ['--shamir-secret-sharing-threshold', `${groups}`]
const rule = (...people: readonly { readonly recipient: string }[]) =>
  `creation_rules:\n  - age: ${people.map(({ recipient }) => recipient).join(',')}\n`

/** Every change that sops can make to a file, by name. */
export const SOPS_STEPS: readonly Step[] = [
  setting('set a text', (choices) => JSON.stringify(`text ${choices.below(1000)}`)),
  setting('set a number', (choices) => `${choices.below(1000) / 4}`),
  setting('set an empty text', () => '""'),
  setting('set a map', (choices) => JSON.stringify({ a: choices.below(9), b: [true, null, `${choices.below(9)}`] })),
  {
    name: 'set a new key',
    writesMac: true,
    run: (desk, file, choices) => desk.sops(['set', file, `["new${choices.below(4)}"]`, `"${choices.below(100)}"`]),
  },
  {
    name: 'set the same value',
    writesMac: true,
    async run(desk, file, choices) {
      const { path, value } = choices.oneOf(await leavesOf(desk, file))
      return desk.sops(['set', file, path, JSON.stringify(value)])
    },
  },
  {
    name: 'set the same value, if it is not the same',
    writesMac: true,
    async run(desk, file, choices) {
      const { path, value } = choices.oneOf(await leavesOf(desk, file))
      return desk.sops(['set', '--idempotent', file, path, JSON.stringify(value)])
    },
  },
  {
    name: 'set twice in one second',
    writesMac: true,
    async run(desk, file, choices) {
      const { path } = choices.oneOf(await leavesOf(desk, file))
      await desk.sops(['set', file, path, '""'])
      return desk.sops(['set', file, path, '""'])
    },
  },
  {
    name: 'unset',
    writesMac: true,
    async run(desk, file, choices) {
      const leaves = await leavesOf(desk, file)
      // A document keeps at least something.
      if (leaves.length < 4) return { code: 0, stderr: '' }
      return desk.sops(['unset', file, choices.oneOf(leaves).path])
    },
  },
  editing('edit: a line more', (choices, file) =>
    file.endsWith('.json')
      ? `JSON.stringify({ ...JSON.parse(text), line: ${choices.below(100)} })`
      : 'text + Array.from(text, (_, i) => "line" + i + ": added\\n").find((line) => !text.includes(line))',
  ),
  editing('edit: a comment more', (choices, file) =>
    file.endsWith('.json') ? 'text + "\\n"' : `"# remark ${choices.below(100)}\\n" + text`,
  ),
  editing('edit: nothing', () => 'text', NOT_MODIFIED),
  { name: 'rotate', writesMac: true, run: (desk, file) => desk.sops(['rotate', '-i', file]) },
  {
    name: 'updatekeys',
    writesMac: false,
    run(desk, file, choices) {
      desk.write('.sops.yaml', choices.below(2) === 0 ? rule(ana) : rule(ana, ben))
      return desk.sops(['updatekeys', '--yes', file])
    },
  },
  {
    name: 'groups add',
    writesMac: false,
    run: (desk, file) => desk.sops(['groups', 'add', '-i', '--file', file, ...threshold(2), '--age', eve.recipient]),
  },
  {
    name: 'groups delete',
    writesMac: false,
    async run(desk, file) {
      const { groups } = parseEncrypted(detectFormat(file), desk.read(file)).envelope
      if (groups.length < 2) return { code: 0, stderr: '' }
      return desk.sops(['groups', 'delete', '-i', '--file', file, ...threshold(Math.min(2, groups.length - 1)), '0'])
    },
  },
]

function setting(name: string, value: (choices: Choices) => string): Step {
  return {
    name,
    writesMac: true,
    async run(desk, file, choices) {
      return desk.sops(['set', file, choices.oneOf(await leavesOf(desk, file)).path, value(choices)])
    },
  }
}

function editing(name: string, newText: (choices: Choices, file: string) => string, allowed = 0): Step {
  return {
    name,
    writesMac: true,
    async run(desk, file, choices) {
      const script = `const fs = require('fs'); const file = process.argv.at(-1); const text = fs.readFileSync(file, 'utf8')
fs.writeFileSync(file, ${newText(choices, file)})\n`
      desk.write('editor.cjs', script)
      const EDITOR = `"${process.execPath}" "${desk.folder}/editor.cjs"`
      const ended = await desk.sops(['edit', file], { env: { EDITOR, SOPS_EDITOR: EDITOR } })
      return ended.code === allowed ? { ...ended, code: 0 } : ended
    },
  }
}

/** Values of the first document of an encrypted file, with their paths as sops takes them. */
async function leavesOf(
  desk: Desk,
  file: string,
): Promise<readonly { readonly path: string; readonly value: unknown }[]> {
  const { stdout } = await desk.sops(['decrypt', file])
  const [document] = parseAllDocuments(stdout)
  const leaves: { path: string; value: unknown }[] = []
  collect(document?.contents, '')
  return leaves

  function collect(node: unknown, path: string): void {
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        const name = isScalar(key) ? String(key.source ?? key.value) : ''
        collect(value, `${path}[${JSON.stringify(name)}]`)
      }
    } else if (isSeq(node)) for (const [i, item] of node.items.entries()) collect(item, `${path}[${i}]`)
    else if (isScalar(node) && path !== '') leaves.push({ path, value: node.value })
  }
}
