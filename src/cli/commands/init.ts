import { join } from 'node:path'
import { masterKeyName } from '../../core/master-key.ts'
import type { InstallPlan } from '../../git/install/install.ts'
import { shortPath } from '../../host/user-config.ts'
import { type InitResult, init as initialise } from '../../operations/init.ts'
import type { Repository } from '../../vcs/repository.ts'
import { type Arguments, type Cli, type Command, RULE_OPTIONS } from '../command.ts'
import { SETUP_OPTIONS, setUpGit, setupData, setupOptionsOf, setupText, tellNotes } from '../git-setup.ts'
import { shortKey } from '../key-names.ts'
import { withWorkspace } from '../workspace.ts'

const LOSS = 'back it up, nothing opens your files without it'

export const init: Command = {
  usage: 'init',
  summary: 'Set up a repository: takes the identity and the configuration that are there, makes what is missing.',
  options: {
    age: RULE_OPTIONS.age,
    kms: RULE_OPTIONS.kms,
    'encryption-context': RULE_OPTIONS['encryption-context'],
    ...SETUP_OPTIONS,
    'dry-run': { type: 'boolean', describe: 'say what would be done, and do nothing' },
    yes: { type: 'boolean', alias: 'y', describe: 'ask nothing; init has no questions so far' },
  },
  examples: [
    ['kmsfile init', 'for you alone, with your age identity'],
    ['kmsfile init --kms arn:aws:kms:eu-central-1:111122223333:alias/prod', 'for whoever may use a key of AWS KMS'],
    ['kmsfile init --age age1ana...,age1ben...', 'for several people'],
  ],
  run: (args, cli) =>
    withWorkspace(args, cli, async (workspace) => {
      const dryRun = args['dry-run'] === true
      const result = await initialise(workspace, { dryRun })
      const repository = await workspace.repository(join(cli.host.cwd, 'x'))
      const git = repository && (await setUp(args, cli, { repository, result, dryRun }))
      if (cli.json) {
        const setup = git && repository && setupData(repository, git)
        await cli.outJson({ ...resultData(result, { dryRun }), git: setup ?? null })
      } else {
        tell(cli, result, { dryRun, git })
      }
      return undefined
    }),
}

/** A new configuration comes with the guard: nothing is there yet that it could be in the way of. */
async function setUp(
  args: Arguments,
  cli: Cli,
  { repository, result, dryRun }: { repository: Repository; result: InitResult; dryRun: boolean },
): Promise<InstallPlan | undefined> {
  if (repository.bare) return undefined
  const guard = result.config.written ? { guard: true } : {}
  return setUpGit(cli, repository, { ...guard, ...setupOptionsOf(args), dryRun })
}

interface Told {
  readonly dryRun: boolean
  readonly git: InstallPlan | undefined
}

function tell(cli: Cli, result: InitResult, { dryRun, git }: Told): void {
  const { identity, config, attributes, inRepository, openable } = result
  const [made, wrote] = dryRun ? ['would make', 'would write'] : ['made', 'wrote']
  const who = config.keys.map(({ name, key }) => keyText(name, key)).join(', ')
  const onlyOne = config.keys.length === 1 && identity !== undefined

  if (identity !== undefined) {
    const source = shortPath(identity.kind === 'found' ? identity.source : identity.path, cli.host)
    if (identity.made) cli.say(`${made} an age identity: ${source} (only you can read it; ${LOSS})`)
    else if (config.written) cli.say(`using the ${kindOf(identity)} in ${source} (${LOSS})`)
  }
  const files = attributes?.written === true ? [attributes.file] : []
  if (config.written) {
    cli.say(`${wrote} ${[`${config.file}: ${config.patterns.join(' and ')} for ${who}`, ...files].join('; ')}`)
  } else {
    const says = config.source === 'sops' ? `rules come from ${config.file}` : `${config.file} is there`
    const idle = files.length === 0 && identity?.made !== true && !(git && git.changes.length > 0)
    cli.say(idle ? `nothing to do: ${says}` : [says, ...files.map((file) => `${wrote} ${file}`)].join('; '))
  }
  if (git !== undefined && git.changes.length > 0) {
    cli.say(dryRun ? `git: would install ${setupText(git)}` : `git: ${setupText(git)} (undo: kmsfile git uninstall)`)
    tellNotes(cli, git.notes)
  }
  if (!inRepository) cli.say('not in a git repository: kmsfile init adds .gitattributes once it is one')
  if (!openable) {
    const add = 'have somebody who can open the files add your recipient to its keys:'
    cli.warn('you have none of its keys, so you cannot open what is encrypted for them', {
      file: config.file,
      hint:
        identity?.kind === 'found' ? `${add} ${identity.recipient}` : 'see which identities you have: kmsfile doctor',
    })
  }
  if (config.written && onlyOne) {
    cli.say(`tip: add a second key that lies in a safe, under recipients and to keys in ${config.file}`)
  }
  const start = 'kmsfile encrypt -i secrets/FILE   or   kmsfile edit secrets/FILE'
  cli.say(`next: ${config.written ? start : 'kmsfile status'}`)
}

function kindOf(identity: NonNullable<InitResult['identity']>): string {
  return identity.kind === 'found' && identity.recipient.startsWith('ssh-') ? 'SSH key' : 'age identity'
}

function keyText(name: string | undefined, key: InitResult['config']['keys'][number]['key']): string {
  if (key === undefined) return name ?? ''
  return name === undefined ? shortKey(key) : `${name} (${shortKey(key)})`
}

/**
 * The output of `--json`:
 *
 * - `dryRun`: nothing was done, `made` and `written` say what would be; `folder`: absolute
 * - `identity`: `{source, recipient?, made}`, or null where none was looked for
 * - `config`: `{file, source, written, files, keys}` with `source` `kmsfile` or `sops`, `files` globs or expressions, `keys`
 *   a list of `{name?, type?, key?}`
 * - `attributes`: `{file, written}`, or null; `openable`: whether the user has, or may have, what opens the files
 * - `git`: how git calls kmsfile, as `kmsfile git install --json` has it; null outside of a repository
 */
function resultData(result: InitResult, { dryRun }: { dryRun: boolean }): Record<string, unknown> {
  const { folder, identity, config, attributes, openable } = result
  return {
    dryRun,
    folder,
    identity: identity === undefined ? null : identityData(identity),
    config: {
      file: config.file,
      source: config.source,
      written: config.written,
      files: config.patterns,
      keys: config.keys.map(({ name, key }) => ({
        ...(name !== undefined && { name }),
        ...(key !== undefined && { type: key.type, key: masterKeyName(key) }),
      })),
    },
    attributes: attributes ?? null,
    openable,
  }
}

function identityData(identity: NonNullable<InitResult['identity']>): Record<string, unknown> {
  const { made } = identity
  if (identity.kind === 'missing') return { source: identity.path, made }
  return { source: identity.source, recipient: identity.recipient, made }
}
