import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { localAttributes } from '../../src/git/install/attributes-local.ts'
import { configLines } from '../../src/git/install/config-block.ts'
import { BIN, COMMIT_HOOKS, type ScratchRepository, scratchRepository } from './scratch-repository.ts'

export const PLAINTEXT = 'db:\n  password: correct-horse-battery-staple\n'
export const SECRET = 'correct-horse-battery-staple'

export interface GuardedRepository extends ScratchRepository {
  /** How often the filter was started since the last time. */
  starts(): number
}

export interface GuardOptions {
  readonly rules?: string
  /** What the filter runs instead of the script of kmsfile. */
  readonly script?: string
  /** Lines of `.gitattributes`. */
  readonly attributes?: string
}

/** A repository with the guard as an installation sets it up, and with the hooks of a commit. */
export function guardedRepository({
  rules,
  script,
  attributes = '/secrets/** kmsfile\n',
}: GuardOptions = {}): GuardedRepository {
  const repository = scratchRepository({ rules })
  const log = join(repository.top, '.git/starts.log')
  const counting = join(repository.top, '.git/counting.cjs')
  writeFileSync(
    counting,
    `require('fs').appendFileSync(${JSON.stringify(log)}, 'x'); process.argv[1] = ${JSON.stringify(BIN)}; require(${JSON.stringify(BIN)})`,
  )
  const settings = { guard: true, strictRefs: false, diff: 'plain', hooks: 'files' } as const
  const program = { node: process.execPath, script: script ?? counting }
  const config = configLines(settings, { program, events: [], any: false })
  appendFileSync(join(repository.top, '.git/config'), `${config.join('\n')}\n`)
  mkdirSync(join(repository.top, '.git/info'), { recursive: true })
  writeFileSync(join(repository.top, '.git/info/attributes'), `${localAttributes(settings, []).join('\n')}\n`)
  repository.commit({ '.gitattributes': `[attr]kmsfile diff=kmsfile -merge -text\n${attributes}` }, 'attributes')
  repository.hooks(...COMMIT_HOOKS)
  writeFileSync(log, '')
  return {
    ...repository,
    starts() {
      const count = repository.read('.git/starts.log').length
      writeFileSync(log, '')
      return count
    },
  }
}
