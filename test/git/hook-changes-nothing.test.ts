import { createHash } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { json } from '../../src/formats/json.ts'
import {
  COMMIT_HOOKS,
  encrypted,
  RULES,
  type ScratchRepository,
  scratchRepository,
  stage,
} from './scratch-repository.ts'

const PLAIN = 'db:\n  password: hunter2\n'

test('no hook changes index, work tree or anything of git but its own memory, whatever it finds', async () => {
  const repository = scratchRepository()
  await stageAllKindsOfTrouble(repository)
  for (const event of [...COMMIT_HOOKS, 'pre-commit']) {
    const before = stateOf(repository)
    const { code, stderr } = repository.kmsfile(['git', 'hook', event])
    expect([event, code]).toEqual([event, 1])
    expect(stderr).not.toContain('hunter2')
    expect(stateOf(repository)).toEqual(before)
  }
  const found = JSON.parse(repository.kmsfile(['git', 'check', '--json']).stdout) as {
    findings: readonly { verdict: string }[]
  }
  expect(new Set(found.findings.map(({ verdict }) => verdict))).toEqual(
    new Set([
      'plaintext',
      'partly-encrypted',
      'no-metadata',
      'stray-comment',
      'stray-metadata',
      'conflict-node',
      'conflict-markers',
      'duplicate-key',
      'unreadable',
      'not-sealed',
      'leftover',
      'link',
      'unmerged',
      'configuration',
    ]),
  )
})

test('nor where nothing is wrong', async () => {
  const repository = scratchRepository()
  stage(repository, { 'secrets/a.yaml': await encrypted(PLAIN), other: 'x' })
  repository.write('other', 'y')
  repository.write('untracked', 'z')
  for (const event of COMMIT_HOOKS) {
    const before = stateOf(repository)
    expect(repository.kmsfile(['git', 'hook', event])).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(stateOf(repository)).toEqual(before)
  }
})

async function stageAllKindsOfTrouble(repository: ScratchRepository): Promise<void> {
  repository.commit({
    '.kmsfile.yaml': RULES.replace(
      'rules:\n',
      'rules:\n  - files: ["secrets/sealed/**"]\n    integrity: sealed\n    keys: [a]\n',
    ).replace('rules:', `recipients: { a: { age: ${RULES.match(/age1\w+/)?.[0]} } }\nrules:`),
  })
  const text = await encrypted(PLAIN)
  const document = await encrypted('{\n"a": "hunter2",\n"b": "x"}', { format: json })
  const [open, line, ...rest] = document.split('\n')
  stage(repository, {
    'secrets/plaintext.yaml': PLAIN,
    'secrets/partly.yaml': text.replace('db:\n', 'db:\n  token: hunter2\n'),
    'secrets/metadata.yaml': text.replace(/^sops:[\s\S]*/m, ''),
    'secrets/comment.yaml': `# hunter2\n${text}`,
    'secrets/note.yaml': text.replace('sops:\n', 'sops:\n    note: hunter2\n'),
    'secrets/conflict.yaml': text.replace('sops:\n', 'sops:\n    conflicts: []\n'),
    'secrets/markers.yaml': `<<<<<<< HEAD\n${text}=======\n${text}>>>>>>> x\n`,
    'secrets/twice.json': [open, line, line, ...rest].join('\n'),
    'secrets/unreadable.yaml': text.replace('db:', 'db: ['),
    'secrets/sealed/sops.yaml': text.replace(/ {4}kmsfile: .*\n/, ''),
    'secrets/.plaintext.yaml.swp': 'x',
    'other/.kmsfile.yaml': 'rules',
    untouched: 'x',
  })
  symlinkSync('/dev/null', join(repository.top, 'secrets/link.yaml'))
  repository.git('add', 'secrets/link.yaml')
  const id = repository.tryGit(['hash-object', '-w', '--stdin'], { input: text }).stdout.trim()
  const sides = [1, 2, 3].map((side) => `100644 ${id} ${side}\tsecrets/unmerged.yaml\n`).join('')
  expect(repository.tryGit(['update-index', '--index-info'], { input: sides }).code).toBe(0)
  // Looks changed to git until it reads it again.
  chmodSync(join(repository.top, 'untouched'), 0o644)
  repository.write('untouched', 'x')
}

/** Every file with its content, its mode and its time; what kmsfile remembers aside. */
function stateOf({ top }: ScratchRepository): Readonly<Record<string, string>> {
  mkdirSync(join(top, '.git/kmsfile'), { recursive: true })
  const paths = readdirSync(top, { recursive: true, encoding: 'utf8' }).filter(
    (path) => !path.startsWith('.git/kmsfile'),
  )
  return Object.fromEntries(
    paths.map((path) => {
      const file = join(top, path)
      const kind = lstatSync(file)
      if (kind.isSymbolicLink()) return [path, readlinkSync(file)]
      if (kind.isDirectory()) return [path, path === '.git' ? '' : `${kind.mode} ${kind.mtimeMs}`]
      const content = createHash('sha256').update(readFileSync(file)).digest('hex')
      return [path, `${kind.mode} ${kind.mtimeMs} ${content}`]
    }),
  )
}
