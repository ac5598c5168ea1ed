import { join } from 'node:path'
import { grouped } from '../../core/grouped.ts'
import type { Finding } from '../../git/check/finding.ts'
import { placeText } from '../../git/check/report-text.ts'
import { counted, shownPath } from '../../git/check/report-words.ts'
import { type LostPlaintext, type Scrubbing, scrub, surveyPlaintext } from '../../git/scrub/scrub.ts'
import type { PlainStash } from '../../git/scrub/scrub-kept.ts'
import type { Trace } from '../../git/scrub/scrub-traces.ts'
import { shellWord } from '../../host/shell-words.ts'
import { requireRepository } from '../../vcs/repository.ts'
import type { Cli, Command } from '../command.ts'
import { confirm } from '../confirm.ts'
import { EXIT } from '../exit-codes.ts'
import { VERSION } from '../version.ts'

export const gitScrub: Command = {
  usage: 'git scrub',
  summary:
    'Remove plaintext that this clone keeps although it was never committed: what was staged and refused, and what drivers and tools left in .git.',
  options: {
    yes: {
      type: 'boolean',
      alias: 'y',
      describe: 'answer yes: remove all that nothing in this clone leads to, though clones may borrow it',
    },
    stash: { type: 'boolean', describe: 'drop entries of the stash as well, if they hold plaintext' },
    'dry-run': { type: 'boolean', describe: 'only say what there is' },
  },
  examples: [
    ['kmsfile git scrub', 'say what there is, and ask'],
    ['kmsfile git scrub --yes --stash', 'remove it, stash entries with plaintext included'],
  ],
  async run(args, cli) {
    const repository = await requireRepository(cli.host, join(cli.host.cwd, 'x'), { asStored: true })
    const survey = await surveyPlaintext(repository, { version: VERSION })
    describe(survey, cli)
    const dryRun = args['dry-run'] === true
    const stashes = dryRun ? [] : await stashesToDrop(survey.stashes, cli, { drop: args['stash'] === true })
    const kept = survey.stashes.filter((stash) => !stashes.includes(stash))
    const isNeeded = survey.lost.length > 0 || survey.traces.length > 0 || stashes.length > 0
    const removed =
      !dryRun && isNeeded && (args['yes'] === true || (await agreed(cli)))
        ? await scrub(repository, survey, { stashes })
        : undefined
    if (removed !== undefined) cli.say(`${counted(removed.contents, 'content')} removed from the object store`)
    if (removed !== undefined && removed.left.length > 0) {
      cli.warn(
        `${counted(removed.left.length, 'content')} stayed: in a pack that is to be kept, or in the store of another repository`,
      )
    }
    const left = { kept, staged: survey.staged, reflog: survey.reflog }
    if (cli.json) await cli.outJson(dataOf(survey, removed?.contents))
    const plaintextLeft = kept.length + survey.staged.length + survey.reflog.length > 0
    const unfinished = isNeeded && (removed === undefined || removed.left.length > 0)
    if (isNeeded || plaintextLeft) playbook(left, cli)
    return plaintextLeft || unfinished ? EXIT.found : EXIT.ok
  },
}

function describe({ lost, traces, stashes, staged, reflog }: Scrubbing, cli: Cli): void {
  const like = lost.filter(({ path }) => path !== undefined)
  const others = lost.length - like.length
  if (lost.length > 0) cli.say('in the object store, though nothing leads to it:')
  for (const line of lostLines(like)) cli.say(`  ${line}`)
  if (others > 0) cli.say(`  ${counted(others, 'content')} that ${others === 1 ? 'is' : 'are'} like no managed file`)
  if (traces.length > 0) cli.say('left beside it in .git:')
  for (const trace of traces) cli.say(`  ${traceText(trace)}`)
  if (stashes.length > 0) cli.say('in the stash:')
  for (const { name, paths } of stashes) cli.say(`  ${name}   ${paths.map(shownPath).join(', ')}`)
  if (staged.length > 0) cli.say('staged:')
  for (const line of placeLines(staged)) cli.say(`  ${line}`)
  if (reflog.length > 0) cli.say('in commits to which only the reflog leads:')
  for (const line of placeLines(reflog)) cli.say(`  ${line}`)
  const nothing = lost.length + traces.length + stashes.length + staged.length + reflog.length === 0
  if (nothing) cli.say('nothing found that no commit holds')
}

/** Many versions of one file are one line. */
function lostLines(lost: readonly LostPlaintext[]): readonly string[] {
  return Array.from(
    grouped(lost, ({ path = '' }) => path),
    ([path, contents]) => {
      const ids = contents.slice(0, 3).map(({ id }) => id.slice(0, 10))
      const more = contents.length > ids.length ? ' ...' : ''
      return `${shownPath(path)}   ${counted(contents.length, 'readable version')} (${ids.join(' ')}${more})`
    },
  )
}

function placeLines(findings: readonly Finding[]): readonly string[] {
  return [...new Set(findings.map((finding) => placeText({ ...finding, line: undefined })))]
}

function traceText({ kind, name, path }: Trace): string {
  const of = path === undefined ? '' : ` of ${shownPath(path)}`
  switch (kind) {
    case 'textconv-cache':
      return `${name}   what a diff driver has shown`
    case 'resolution':
      return `${name}   a resolution that git remembers${of}`
    case 'merge-result':
      return `${name}   what the last merge made`
    case 'patch':
      return `${name}   a patch that somebody edited${of}`
    case 'lost-found':
      return `${name}   written out by git fsck${of}`
    default:
      return kind satisfies never
  }
}

/** Somebody's work is in there, so nothing but a request for it drops any. */
async function stashesToDrop(
  stashes: readonly PlainStash[],
  { host }: Cli,
  { drop }: { readonly drop: boolean },
): Promise<readonly PlainStash[]> {
  if (drop || stashes.length === 0) return stashes
  if (host.terminal === undefined) return []
  const dropped: PlainStash[] = []
  for (const stash of stashes) {
    if (await confirm(host, `Drop ${stash.name}, with all that is in it?`, { flag: '--stash' })) dropped.push(stash)
  }
  return dropped
}

async function agreed({ host }: Cli): Promise<boolean> {
  const question =
    'Remove all that nothing leads to, also what could still be recovered by hand? Let nobody else work in this clone meanwhile. ' +
    'Clones that borrow from it (made with --shared or --reference) lose what only they lead to.'
  return confirm(host, question, { flag: '--yes' })
}

interface Left {
  readonly kept: readonly PlainStash[]
  readonly staged: readonly Finding[]
  readonly reflog: readonly Finding[]
}

/** What remains to be done, in the order in which it helps. */
function playbook({ kept, staged, reflog }: Left, cli: Cli): void {
  const staging = [...new Set(staged.map(({ path }) => shellWord(path)))].join(' ')
  const steps = [
    'change the values at their source first: backups, editors and other clones may have them as well',
    ...(staged.length > 0 ? [`take it out of the index: git restore --staged ${staging}; then kmsfile git scrub`] : []),
    ...(kept.length > 0 ? ['drop stash entries that you do not need: kmsfile git scrub --stash'] : []),
    ...(reflog.length > 0
      ? [
          'let the reflog forget, if you need nothing else that it knows: git reflog expire --expire-unreachable=now --all; then kmsfile git scrub',
        ]
      : []),
    'see whether anything was committed: kmsfile git check --all-history',
  ]
  cli.say('what helps:')
  for (const [i, step] of steps.entries()) cli.say(`  ${i + 1}. ${step}`)
}

function dataOf({ lost, traces, stashes, staged, reflog }: Scrubbing, removed: number | undefined) {
  const places = (findings: readonly Finding[]) =>
    findings.map(({ path, line, commit, verdict }) => ({ path, line, commit, verdict }))
  return {
    unreachable: lost.map(({ id, size, path }) => ({ id, size, path: path ?? null })),
    traces,
    stashes,
    staged: places(staged),
    reflog: places(reflog),
    removed: removed ?? null,
  }
}
