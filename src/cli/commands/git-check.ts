import type { Checked } from '../../git/check/check-entries.ts'
import { ownRepository } from '../../git/check/check-repository.ts'
import { type Finding, refuses } from '../../git/check/finding.ts'
import { fixesOf } from '../../git/check/report-fixes.ts'
import { reportData } from '../../git/check/report-json.ts'
import { findingLines } from '../../git/check/report-text.ts'
import type { LeakScope } from '../../git/leaks/leaks.ts'
import type { Repository } from '../../vcs/repository.ts'
import { type Arguments, type Cli, type Command, READ_OPTIONS } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { refuseBoth, textOf, usage } from '../flags.ts'
import { escaped } from '../report.ts'
import { VERSION } from '../version.ts'
import { counted } from '../words.ts'

export const gitCheck: Command = {
  usage: 'git check',
  summary:
    'Look for plaintext where it must not be, and for changes that no honest tool makes. Without --verify and --leaks no key is used.',
  options: {
    staged: { type: 'boolean', describe: 'what the next commit would hold; the default' },
    tree: { type: 'string', describe: 'the files of one commit', requiresArg: true },
    range: { type: 'string', describe: 'every version in new commits, by the rules of A: A..B', requiresArg: true },
    'all-history': { type: 'boolean', describe: 'every version that git has: branches, tags, stashes, reflogs, notes' },
    unreachable: { type: 'boolean', describe: 'with --all-history, also what no commit leads to any more' },
    verify: { type: 'boolean', describe: 'open every encrypted version with your keys, and verify MAC and seal' },
    leaks: {
      type: 'boolean',
      describe: 'look for the values of your secrets files outside of them, with your keys: in index and work tree',
    },
    'aws-profile': READ_OPTIONS['aws-profile'],
    'decryption-order': READ_OPTIONS['decryption-order'],
    sarif: { type: 'boolean', describe: 'print SARIF 2.1.0, for code review tools' },
  },
  examples: [
    ['kmsfile git check', 'what is staged'],
    ['kmsfile git check --range origin/main..HEAD', 'in CI: what a branch brings'],
    ['kmsfile git check --all-history', 'whether a secret was ever committed readable'],
    ['kmsfile git check --leaks', 'whether a secret value stands anywhere else, also in base64 or URL-encoded'],
    ['kmsfile git check --leaks --range origin/main..HEAD', 'the same for what a branch brings, messages included'],
  ],
  async run(args, cli) {
    refuseBoth(args, 'json', 'sarif')
    const repository = await ownRepository(cli.host)
    const checked =
      args['leaks'] === true
        ? await leaks(repository, args, cli)
        : await verified(await check(repository, args), { args, cli, repository })
    await print(checked, args, cli).catch(unlessClosed)
    return refuses(checked.findings) ? EXIT.found : EXIT.ok
  },
}

/** The verdict is the same whether or not anybody reads it to the end. */
function unlessClosed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}

async function check(repository: Repository, args: Arguments): Promise<Checked> {
  const kind = kindOf(args) ?? 'staged'
  if (args['unreachable'] === true && kind !== 'all-history') throw usage('--unreachable goes with --all-history')
  const options = { version: VERSION }
  if (kind === 'staged') {
    const { checkIndex } = await import('../../git/check/check-index.ts')
    return checkIndex(repository, options)
  }
  if (kind === 'tree') {
    const { checkTree } = await import('../../git/check/check-tree.ts')
    return checkTree(repository, textOf(args, 'tree') ?? '', options)
  }
  if (kind === 'range') {
    const { checkBranch } = await import('../../git/check/check-range.ts')
    return checkBranch(repository, textOf(args, 'range') ?? '', options)
  }
  const { checkHistory } = await import('../../git/check/check-history.ts')
  return checkHistory(repository, { ...options, unreachable: args['unreachable'] === true })
}

async function verified(
  checked: Checked,
  { args, cli, repository }: { readonly args: Arguments; readonly cli: Cli; readonly repository: Repository },
): Promise<Checked> {
  const versions = args['verify'] === true ? (checked.versions?.() ?? []) : []
  if (versions.length === 0) return checked
  const { verifyVersions } = await import('../../git/check/check-verify.ts')
  const { withWorkspace } = await import('../workspace.ts')
  const found = await withWorkspace(args, cli, (workspace) => verifyVersions(workspace, repository, versions))
  return { ...checked, findings: [...checked.findings, ...found] }
}

type Kind = 'staged' | 'tree' | 'range' | 'all-history'

function kindOf(args: Arguments): Kind | undefined {
  const kinds = (['staged', 'tree', 'range', 'all-history'] as const).filter(
    (name) => args[name] !== undefined && args[name] !== false,
  )
  const [kind, other] = kinds
  if (other !== undefined) throw usage(`--${kind} and --${other} contradict each other`)
  return kind
}

async function leaks(repository: Repository, args: Arguments, cli: Cli): Promise<Checked> {
  for (const other of ['unreachable', 'verify']) refuseBoth(args, 'leaks', other)
  const { findLeaks } = await import('../../git/leaks/leaks.ts')
  const { withWorkspace } = await import('../workspace.ts')
  const scope = leakScope(kindOf(args), args)
  return withWorkspace(args, cli, async (workspace) => {
    const found = await findLeaks(workspace, repository, scope)
    cli.say(`${counted(found.values, 'secret value')} looked for`)
    return found
  })
}

function leakScope(kind: Kind | undefined, args: Arguments): LeakScope {
  switch (kind) {
    case undefined:
      return { kind: 'here' }
    case 'staged':
      return { kind }
    case 'tree':
      return { kind, revision: textOf(args, 'tree') ?? '' }
    case 'range':
      return { kind, range: textOf(args, 'range') ?? '' }
    default:
      return { kind: 'history' }
  }
}

async function print({ findings, files }: Checked, args: Arguments, cli: Cli): Promise<void> {
  if (cli.json) return cli.outJson(reportData({ findings, files }))
  if (args['sarif'] === true) {
    const { reportSarif } = await import('../../git/check/report-sarif.ts')
    return cli.outJson(reportSarif(findings, { version: VERSION }))
  }
  const lines = findingLines(findings, { all: true }).map(escaped)
  await cli.out(lines.map((line) => `${line}\n`).join(''))
  const refused = findings.filter(({ severity }) => severity === 'refuse')
  const fixes = args['all-history'] === true ? historyFixes(refused) : fixesOf(refused, { done: 'let pass' })
  for (const fix of fixes) cli.say(`fix:  ${fix}`)
  const found = findings.length === 0 ? 'nothing found' : counted(findings.length, 'finding')
  cli.say(`${counted(files, 'file')} checked, ${found}`)
}

/** What is in history cannot be encrypted any more. */
function historyFixes(refused: readonly Finding[]): readonly string[] {
  if (refused.length === 0) return []
  return [
    'change the values at their source first: whoever has a copy of the repository has them',
    'then rewrite what was pushed with git filter-repo, and have every clone made anew',
    'stashes, reflogs and what nothing leads to are only here: kmsfile git scrub',
  ]
}
