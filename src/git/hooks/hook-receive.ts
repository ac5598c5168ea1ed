import { resolve } from 'node:path'
import { KmsfileError } from '../../errors.ts'
import { readFile, readStdin } from '../../host/files.ts'
import type { Host } from '../../host/host.ts'
import { decodeText } from '../../host/utf8.ts'
import type { ObjectReader, Repository } from '../../vcs/repository.ts'
import type { Checked } from '../check/check-entries.ts'
import { pushedCopies } from '../check/check-notes.ts'
import type { CheckOptions } from '../check/check-options.ts'
import { checkRange } from '../check/check-range.ts'
import { MAX_JUDGED_BYTES } from '../check/judge-content.ts'
import { type Policy, policyOf } from '../check/policy.ts'
import { commitsOf, distinct, headsOf, refUpdates, stashesIn, sumsOf } from './hook-updates.ts'

/** A push of a whole repository has that many; what has more keeps the server busy for nothing. */
const MAX_VERSIONS = 200_000
/** Somebody waits. */
const TIMEOUT_MS = 5000
/** Branches whose rules stand for those of the default branch, where there is none. */
const MAX_BRANCHES = 20

/**
 * Judges what somebody pushes, on the server: nothing of what the client says about itself is trusted. Besides its own rules
 * those of the default branch count, those of the branch that is pushed to, and those of the file that `kmsfile.policy` in
 * the server's configuration names. `kmsfile.maxVersions` and `kmsfile.maxBytes` there are how many versions of files a push may
 * bring, and how large one of a managed file may be.
 *
 * @throws KmsfileError `GIT_FAILED`, `CONFIG_INVALID`, `FILE_NOT_FOUND`
 */
export async function beforeReceive(host: Host, repository: Repository, { version }: CheckOptions): Promise<Checked> {
  const updates = refUpdates(await readStdin(host))
  const reader = await repository.objectReader()
  try {
    const { heads, ids, strays } = await headsOf(reader, updates)
    if (ids.length === 0) return { findings: strays, files: 0 }
    const [main] = await commitsOf(reader, ['HEAD'])
    const ground = main === undefined ? await branches(repository, reader) : [main]
    // What any ref of the server leads to is there already.
    const revisions = { ids, options: ['--not', '--all'] }
    const checked = await checkRange(repository, revisions, {
      version,
      targets: distinct([...heads.map(({ old }) => old), ...ground, ...stashesIn(heads)]),
      policies: await ownPolicies(repository),
      sums: await sumsOf(repository, heads, main),
      timeoutMs: TIMEOUT_MS,
      maxVersions: (await limit(repository, 'kmsfile.maxversions')) ?? MAX_VERSIONS,
      maxBytes: Math.min(MAX_JUDGED_BYTES, (await limit(repository, 'kmsfile.maxbytes')) ?? MAX_JUDGED_BYTES),
    })
    const copies = await pushedCopies(repository, reader, heads)
    return { ...checked, findings: [...checked.findings, ...strays, ...copies] }
  } finally {
    reader.close()
  }
}

/** The latest branches, for a server whose HEAD leads to none. */
async function branches(repository: Repository, reader: ObjectReader): Promise<readonly (string | undefined)[]> {
  const args = ['for-each-ref', '--sort=-committerdate', `--count=${MAX_BRANCHES}`, '--format=%(objectname)']
  const { stdout } = await repository.git([...args, 'refs/heads/'])
  const ids = Buffer.from(stdout).toString('latin1').split('\n').slice(0, -1)
  return commitsOf(reader, ids)
}

/** @throws KmsfileError `CONFIG_INVALID` for what is no number: a limit that does not hold would be none */
async function limit(repository: Repository, name: string): Promise<number | undefined> {
  const value = await repository.config(name)
  if (value === undefined) return undefined
  const [, digits, unit = ''] = /^([1-9]\d{0,11})([kmg]?)$/i.exec(value) ?? []
  if (digits === undefined) {
    throw new KmsfileError(`${name} is no number`, {
      code: 'CONFIG_INVALID',
      hint: 'on the server, such as: git config kmsfile.maxBytes 8m',
    })
  }
  return Number(digits) * 1024 ** ' kmg'.indexOf(unit.toLowerCase() || ' ')
}

/** What whoever runs the server asks for, whatever the branches say. */
async function ownPolicies(repository: Repository): Promise<readonly Policy[]> {
  const name = await repository.config('kmsfile.policy')
  if (name === undefined || name === '') return []
  const text = decodeText(await readFile(resolve(repository.gitDir, name)), name)
  const policy = await policyOf([{ path: '.kmsfile.yaml', text }])
  const [problem] = policy.problems
  if (problem !== undefined) throw problem
  return [policy]
}
