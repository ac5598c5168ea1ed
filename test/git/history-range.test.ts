import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  check,
  encrypted,
  RULES,
  repositoryIn,
  type ScratchRepository,
  scratchRepository,
} from './scratch-repository.ts'

const PLAIN = 'db:\n  password: hunter2\n'
const SECRET = 'secrets/x.yaml'
const at = (day: number) => ({ now: new Date(Date.UTC(2026, 0, day)) })

test('judges every commit of a branch by the rules of its target', async () => {
  const repository = branched()
  repository.commit({ '.kmsfile.yaml': RULES.replace('secrets', 'nothing') })
  repository.commit({ [SECRET]: PLAIN, 'nothing/x.yaml': 'a: 1\n' })
  repository.commit({ [SECRET]: '', 'nothing/x.yaml': '' })
  const found = [`refuse rule-removed ${SECRET}:2 db.password`, 'refuse plaintext nothing/x.yaml:1 a']
  expect(refusals(repository, ['--range', 'main..branch']).toSorted()).toEqual(found.toSorted())
  expect(refusals(repository, ['--range', 'main...branch'])).toHaveLength(2)
  expect(refusals(repository, ['--range', 'main..'])).toHaveLength(2)
  expect(refusals(repository, ['--range', 'branch..main'])).toEqual([])
})

test('says that a rule is new where the branch was made before it', () => {
  const repository = branched({ rules: '' })
  repository.commit({ [SECRET]: PLAIN })
  repository.git('checkout', '--quiet', 'main')
  repository.commit({ '.kmsfile.yaml': RULES })
  expect(refusals(repository, ['--range', 'main..branch'])).toEqual([`refuse plaintext ${SECRET}:2 db.password`])
  expect(repository.kmsfile(['git', 'check', '--range', 'main..branch']).stdout).toContain('as the target branch asks')
})

test('names the MAC of an earlier version, whether it is that version again or not', async () => {
  const [v1, v2, v3] = await Promise.all([1, 2, 3].map((day) => encrypted(`a: ${day}\nb: x\n`, at(day))))
  const repository = scratchRepository()
  repository.commit({ [SECRET]: v1! })
  repository.commit({ [SECRET]: v2! })
  repository.git('checkout', '--quiet', '-b', 'branch')
  repository.commit({ [SECRET]: v1! })
  expect(check(repository, ['--range', 'main..branch'])).toEqual([`note rolled-back ${SECRET}`])

  repository.git('reset', '--quiet', '--hard', 'main')
  repository.commit({ [SECRET]: withMacOf(v3!, v1!) })
  expect(check(repository, ['--range', 'main..branch'])).toEqual([
    `note rolled-back ${SECRET}`,
    `refuse mac-replayed ${SECRET}`,
  ])
})

test('compares base and head, also where the file was gone on the way', async () => {
  const v1 = await encrypted('a: 1\nb: x\n', at(1))
  const repository = branched()
  repository.git('checkout', '--quiet', 'main')
  repository.commit({ [SECRET]: v1 })
  repository.git('checkout', '--quiet', '-B', 'branch')
  repository.git('rm', '--quiet', SECRET)
  repository.commit({})
  repository.commit({ [SECRET]: v1.replace('b:', 'c:') })
  expect(check(repository, ['--range', 'main..branch'])).toEqual([`refuse structure-changed ${SECRET}`])
})

test('finds what no honest tool does in a commit on the way, and names it', async () => {
  const v1 = await encrypted('a: 1\nb: x\n', at(1))
  const repository = branched()
  repository.git('checkout', '--quiet', 'main')
  repository.commit({ [SECRET]: v1 })
  repository.git('checkout', '--quiet', '-B', 'branch')
  const bad = repository.commit({ [SECRET]: v1.replace('b:', 'c:') })
  repository.commit({ [SECRET]: await encrypted('a: 1\nb: x\n', at(2)) })
  const { findings } = JSON.parse(repository.kmsfile(['git', 'check', '--json', '--range', 'main..branch']).stdout)
  expect(findings).toMatchObject([{ verdict: 'structure-changed', commit: bad, path: SECRET }])
})

test('takes no interest in what the target did meanwhile', async () => {
  const [v1, v2] = await Promise.all([1, 2].map((day) => encrypted(`a: ${day}\n`, at(day))))
  const repository = scratchRepository()
  repository.commit({ [SECRET]: v1! })
  repository.git('branch', 'branch')
  repository.commit({ [SECRET]: v2! })
  repository.git('checkout', '--quiet', 'branch')
  repository.commit({ other: 'x' })
  expect(check(repository, ['--range', 'main..branch'])).toEqual([])
})

test('judges one tree by its own rules', () => {
  const repository = scratchRepository()
  const bad = repository.commit({ [SECRET]: PLAIN, 'other.yaml': PLAIN })
  repository.commit({ [SECRET]: '', '.kmsfile.yaml': RULES.replace('secrets', 'nothing') })
  expect(check(repository, ['--tree', 'HEAD'])).toEqual([])
  expect(check(repository, ['--tree', 'HEAD~1'])).toEqual([`refuse plaintext ${SECRET}:2 db.password`])
  const { findings } = JSON.parse(repository.kmsfile(['git', 'check', '--json', '--tree', bad]).stdout)
  expect(findings).toMatchObject([{ commit: bad }])
})

test('refuses a clone that lacks commits, and names that do not exist', () => {
  const repository = branched()
  repository.commit({ a: '1' })
  const shallow = repositoryIn(join(repository.top, '../shallow'), repository.env)
  mkdirSync(shallow.top)
  repository.git('clone', '--quiet', '--depth=1', `file://${repository.top}`, shallow.top)
  const { code, stderr } = shallow.kmsfile(['git', 'check', '--range', 'HEAD..HEAD'])
  expect(code).toBe(7)
  expect(stderr).toContain('fetch-depth: 0')
  expect(shallow.kmsfile(['git', 'check', '--all-history']).code).toBe(7)
  expect(shallow.kmsfile(['git', 'check', '--tree', 'HEAD']).code).toBe(0)
  for (const range of ['no-such..main', 'main..no-such', 'main', '--output=x..main', '..']) {
    expect([range, repository.kmsfile(['git', 'check', `--range=${range}`]).code]).toEqual([range, 2])
  }
  expect(repository.kmsfile(['git', 'check', '--tree=--output=x']).code).toBe(2)
  expect(repository.kmsfile(['git', 'check', '--staged', '--range', 'main..branch']).code).toBe(2)
})

test('prints SARIF that names the place and nothing of the value', () => {
  const repository = branched()
  repository.commit({ 'secrets/a b#.yaml': PLAIN })
  const { stdout, code } = repository.kmsfile(['git', 'check', '--sarif', '--range', 'main..branch'])
  expect(code).toBe(1)
  const { version, runs } = JSON.parse(stdout)
  expect(version).toBe('2.1.0')
  const [{ tool, results }] = runs
  expect(results).toMatchObject([
    {
      ruleId: 'kmsfile/plaintext',
      level: 'error',
      message: { text: 'db.password: not encrypted' },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'secrets/a%20b%23.yaml', uriBaseId: 'SRCROOT' },
            region: { startLine: 2 },
          },
        },
      ],
    },
  ])
  expect(tool.driver.rules[results[0].ruleIndex].id).toBe('kmsfile/plaintext')
  expect(stdout).not.toContain('hunter2')
})

/** A text with the MAC of another, and its time, under which alone it opens. */
function withMacOf(text: string, other: string): string {
  const line = (name: string) => new RegExp(`^ +${name}: .*$`, 'm')
  return ['mac', 'lastmodified'].reduce((all, name) => all.replace(line(name), line(name).exec(other)?.[0] ?? ''), text)
}

function refusals(repository: ScratchRepository, args: readonly string[]): readonly string[] {
  return check(repository, args).filter((found) => found.startsWith('refuse'))
}

/** A repository on a branch that leads to the same commit as `main`. */
function branched(options: Parameters<typeof scratchRepository>[0] = {}): ScratchRepository {
  const repository = scratchRepository(options)
  repository.commit({ readme: 'x' })
  repository.git('checkout', '--quiet', '-b', 'branch')
  return repository
}
