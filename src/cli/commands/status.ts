import { masterKeyIdentity, masterKeyName } from '../../core/master-key.ts'
import { KmsfileError } from '../../errors.ts'
import type { DataKeyAge } from '../../operations/data-key-age.ts'
import type { Quorum } from '../../operations/recipients.ts'
import type { Difference } from '../../operations/rule-differences.ts'
import { type FileStatus, statusOf } from '../../operations/status.ts'
import type { Workspace } from '../../operations/workspace.ts'
import { selectorText } from '../change-lines.ts'
import { type Cli, type Command, READ_OPTIONS } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { filesOf } from '../flags.ts'
import { groupsLabel, keyLabel } from '../key-names.ts'
import { hooksMissingHere, missingHooksText } from '../missing-hooks.ts'
import type { Progress } from '../progress.ts'
import { errorData } from '../report.ts'
import { table } from '../table.ts'
import { counted } from '../words.ts'
import { withWorkspace } from '../workspace.ts'

const DAY_MS = 86_400_000

export const status: Command = {
  usage: 'status [files..]',
  summary: 'Show which files are encrypted, for whom, and what needs attention. Without --verify no key is used.',
  positionals: {
    files: { type: 'string', array: true, describe: 'files and folders; all of the repository by default' },
  },
  options: {
    verify: { type: 'boolean', describe: 'open every file with your keys, and verify it' },
    'exit-code': { type: 'boolean', describe: 'end with 1 when something needs attention' },
    'aws-profile': READ_OPTIONS['aws-profile'],
    'decryption-order': READ_OPTIONS['decryption-order'],
  },
  examples: [
    ['kmsfile status', 'everything that the rules manage, and what else is encrypted'],
    ['kmsfile status --verify secrets/', 'whether MAC and seal of the files in a folder fit'],
    ['kmsfile status --json --exit-code', 'for scripts'],
  ],
  run: (args, cli) =>
    withWorkspace(args, cli, async (workspace) => {
      const names = filesOf(args)
      const verify = args['verify'] === true
      let progress: Progress | undefined
      const onStart = (total: number) => {
        progress = cli.progress.start(verify ? 'verifying' : 'reading', total)
        return progress.step
      }
      const files = await statusOf(workspace, names, { verify, onStart }).finally(() => progress?.end())
      const attention = files.filter((file) => file.attention).length
      const missing = await hooksMissingHere(workspace)
      if (cli.json) await cli.outJson({ files: files.map(fileData), attention, missingHooks: missing ?? null })
      else await print(cli, workspace, files)
      if (missing !== undefined && missing.length > 0 && !cli.json) {
        cli.warn(missingHooksText(missing), { hint: 'kmsfile git install' })
      }
      return attention > 0 && args['exit-code'] === true ? EXIT.found : EXIT.ok
    }),
}

async function print(cli: Cli, { host }: Workspace, files: readonly FileStatus[]): Promise<void> {
  if (files.length === 0) {
    cli.say('there are no secrets files here: none that the rules manage, and none that is encrypted')
    return
  }
  const now = host.now()
  const rows = files.map((file) => [
    file.name,
    stateText(file),
    groupsLabel(file.groups, { names: file.rule?.names, threshold: file.threshold }) || '-',
    integrityText(file),
    ageText(file.dataKey, now),
    rulesText(file),
  ])
  await cli.out(table([['FILE', 'STATE', 'KEYS', 'INTEGRITY', 'DATA KEY', 'RULES'], ...rows]))
  const attention = files.filter((file) => file.attention).length
  const needs = attention === 0 ? 'nothing needs' : attention === 1 ? '1 needs' : `${attention} need`
  cli.say(`${counted(files.length, 'file')}, ${needs} attention`)
}

function stateText({ state, transparent }: FileStatus): string {
  if (transparent) return state === 'encrypted' ? 'transparent' : `transparent, ${state} in git`
  return state === 'plaintext' ? 'PLAINTEXT' : state
}

/** A seal cannot be told from a forged one without a key, so that without `--verify` nothing better is said. */
function integrityText({ writer, verified }: FileStatus): string {
  if (writer === undefined) return '-'
  if (verified === undefined) return writer === 'kmsfile' ? 'seal, unchecked' : 'MAC, unchecked'
  if (verified === 'sealed') return 'sealed'
  if (verified === 'values') return 'MAC fits'
  return verified.code.startsWith('KEY_') ? 'no key' : 'BROKEN'
}

function ageText(age: DataKeyAge | undefined, now: Date): string {
  if (age === undefined) return '-'
  const days = Math.max(0, Math.floor((now.getTime() - age.since.getTime()) / DAY_MS))
  // The data key may be older than the last change of the file.
  if (!age.exact) return `${days}+ days`
  return days === 0 ? 'today' : counted(days, 'day')
}

function rulesText(file: FileStatus): string {
  const { verified, problem, state, managed, rule, differences, fix } = file
  const wrong = [
    ...(verified instanceof KmsfileError ? [`${verified.message} [${verified.code}]`] : []),
    ...(problem === undefined ? [] : [problem.message]),
    ...differences.map((difference) => differenceText(difference, file)),
    ...(state === 'plaintext' && managed && fix === undefined
      ? ['it can be encrypted only as YAML or JSON so far']
      : []),
  ]
  const cause = verified instanceof KmsfileError ? verified : problem
  const todo = fix ?? cause?.hint?.replace(/\bFILE\b/, file.name)
  if (wrong.length > 0) return [wrong.join('; '), ...(todo === undefined ? [] : [todo])].join(': ')
  if (state === 'plaintext' || state === 'empty') return fix ?? (managed ? '-' : 'not managed')
  if (fix !== undefined) return `the keys are not those that were sealed: ${fix}`
  return rule === undefined ? 'no rule' : 'as configured'
}

function differenceText(difference: Difference, { rule }: FileStatus): string {
  switch (difference.kind) {
    case 'keys': {
      const labels = (keys: Difference & { kind: 'keys' }, which: 'missing' | 'surplus') =>
        keys[which].map((key) => keyLabel(key, rule?.names)).join(', ')
      const [missing, surplus] = [labels(difference, 'missing'), labels(difference, 'surplus')]
      const parts = [...(missing ? [`not for ${missing}`] : []), ...(surplus ? [`also for ${surplus}`] : [])]
      return parts.join(', ')
    }
    case 'groups':
      return 'other key groups'
    case 'threshold':
      return `${quorumText(difference.own)} key groups needed, not ${quorumText(difference.wanted)}`
    case 'selector':
      return `${selectorText(difference.own)}, not ${selectorText(difference.wanted)}`
    case 'mac-only-encrypted':
      return difference.wanted ? 'not mac-only-encrypted' : 'mac-only-encrypted'
    case 'not-sealed':
      return 'not sealed'
    default:
      return difference satisfies never
  }
}

function quorumText({ needed, groups }: Quorum): string {
  return `${needed} of ${groups}`
}

/**
 * One file in the output of `--json`: `{"files": [...], "attention": NUMBER, "missingHooks": [...]}`, where the last names hooks
 * of git that do not call kmsfile in this clone, null outside of a repository and without rules.
 *
 * - `file`; `state`: `encrypted`, `plaintext`, `partly`, `conflict`, `unreadable`, `empty`; `managed`
 * - `transparent`: true where it lies there as plaintext on purpose, and all else is about what git has of it; missing elsewhere
 * - `keyGroups`: lists of `{name?, type, key}`; `threshold` where there are several
 * - `writtenBy`: `kmsfile` or `sops`, as the file says; `integrity`: null unless verified, `sealed`, `values`, `failed`
 * - `dataKey`: `{since, exact}`, RFC 3339
 * - `rule`: `{file, line?}`, or null; `differences`: list of `{kind, ...}`
 * - `error`: as errors are printed, why it is not readable, or not verified; `attention`; `fix`: a command
 */
function fileData(file: FileStatus): Record<string, unknown> {
  const { name, state, managed, transparent, groups, threshold, writer, verified, dataKey, rule, differences } = file
  const { attention, fix } = file
  const error = verified instanceof KmsfileError ? verified : file.problem
  return {
    file: name,
    state,
    managed,
    ...(transparent && { transparent }),
    keyGroups: groups.map((group) => group.map((key) => keyData(key, file))),
    ...(threshold !== undefined && { threshold }),
    ...(writer !== undefined && { writtenBy: writer }),
    integrity: verified instanceof KmsfileError ? 'failed' : (verified ?? null),
    ...(dataKey !== undefined && { dataKey: { ...dataKey, since: seconds(dataKey.since) } }),
    rule: rule === undefined ? null : { file: rule.file, ...(rule.line !== undefined && { line: rule.line }) },
    differences: differences.map((difference) =>
      difference.kind === 'keys'
        ? {
            kind: 'keys',
            missing: difference.missing.map((key) => keyData(key, file)),
            surplus: difference.surplus.map((key) => keyData(key, file)),
          }
        : difference,
    ),
    ...(error !== undefined && { error: errorData(error) }),
    attention,
    ...(fix !== undefined && { fix }),
  }
}

/** As files have times: RFC 3339 in UTC, to the second. */
function seconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z')
}

function keyData(key: FileStatus['groups'][number][number], { rule }: FileStatus): Record<string, string> {
  const name = rule?.names.get(masterKeyIdentity(key))
  return { ...(name !== undefined && { name }), type: key.type, key: masterKeyName(key) }
}
