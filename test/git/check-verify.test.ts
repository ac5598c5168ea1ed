import { expect, test } from 'vitest'
import { ana, ben } from '../operations/team.ts'
import { check, type ScratchRepository, scratchRepository, stage } from './scratch-repository.ts'

const SECRET = 'secrets/x.yaml'
const RULES = `version: 1\nrules:\n  - files: ["secrets/**"]\n    keys: [{ age: ${ana.recipient} }]\n`
const asAna = { env: { KMSFILE_AGE_KEY: ana.identity } }
const asBen = { env: { KMSFILE_AGE_KEY: ben.identity } }

test('finds nothing wrong with what kmsfile wrote', () => {
  const repository = withSecret()
  expect(check(repository, ['--staged', '--verify'], asAna)).toEqual([])
  expect(check(repository, ['--tree', 'HEAD', '--verify'], asAna)).toEqual([])
  expect(check(repository, ['--all-history', '--verify'], asAna)).toEqual([])
})

test('finds a change in a file of which there is no version to compare with', () => {
  const repository = withSecret()
  const text = repository.read(SECRET)
  stage(repository, { 'secrets/y.yaml': text.replace('user:', 'admin:') })
  expect(check(repository)).toEqual([])
  expect(check(repository, ['--verify'], asAna)).toEqual(['refuse not-authentic secrets/y.yaml'])
  expect(repository.kmsfile(['git', 'check', '--verify'], asAna).stderr).toContain(
    'kmsfile seal --accept secrets/y.yaml',
  )
})

test('verifies every version in a range, and names its commit', () => {
  const repository = withSecret()
  repository.git('checkout', '--quiet', '-b', 'branch')
  const bad = repository.commit({ 'secrets/y.yaml': repository.read(SECRET).replace('user:', 'admin:') })
  repository.git('rm', '--quiet', 'secrets/y.yaml')
  repository.commit({})
  const args = ['git', 'check', '--json', '--verify', '--range', 'main..branch']
  const { findings } = JSON.parse(repository.kmsfile(args, asAna).stdout)
  expect(findings).toMatchObject([{ verdict: 'not-authentic', commit: bad }])
})

test('finds recipients that nobody confirmed', () => {
  const repository = withSecret()
  const text = repository.read(SECRET)
  const added = text.replace(
    /^ +- enc: \|[\s\S]*?recipient: .*\n/m,
    (own) => own + own.replace(ana.recipient, ben.recipient),
  )
  repository.commit({ [SECRET]: added })
  expect(check(repository, ['--verify'], asAna)).toEqual([`refuse recipients-changed ${SECRET}`])
})

test('notes what it has no key for, once a file', () => {
  const repository = withSecret()
  repository.kmsfile(['set', SECRET, 'db.user', '"x"'], asAna)
  repository.commit({})
  expect(check(repository, ['--all-history', '--verify'], asBen)).toEqual([`note not-verified ${SECRET}`])
})

function withSecret(): ScratchRepository {
  const repository = scratchRepository({ rules: RULES })
  repository.write(SECRET, 'db:\n  password: hunter2\n  user: app\n')
  const { code, stderr } = repository.kmsfile(['encrypt', '-i', SECRET], asAna)
  if (code !== 0) throw new Error(stderr)
  repository.commit({})
  return repository
}
