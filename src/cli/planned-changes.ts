import { grouped } from '../core/grouped.ts'
import { KmsfileError } from '../errors.ts'
import { readNamed } from '../operations/secrets-file.ts'
import type { Workspace } from '../operations/workspace.ts'
import type { Cli } from './command.ts'
import { confirm } from './confirm.ts'
import { exitCodeFor } from './exit-codes.ts'
import { mapWithProgress } from './progress.ts'
import { errorData, reportError, shownName } from './report.ts'
import { counted } from './words.ts'

/** What a command does to each of its files: first it is planned and shown, then it is done. */
export interface ChangeSteps<Plan, Result> {
  plan(name: string): Promise<Plan>
  /** What to say of a plan before it is carried out; where nothing is to be done, all there is to say. */
  describe(plan: Plan, name: string): readonly string[]
  isNeeded(plan: Plan): boolean
  /** What somebody has to agree to, in a few words each. */
  concerns(plan: Plan): readonly string[]
  apply(plan: Plan, name: string): Promise<Result>
  /** What to say when it is done. */
  tell(plan: Plan, name: string, result: Result): void
  /** The fields that `--json` prints of a file. */
  data(plan: Plan, result: Result | undefined): Readonly<Record<string, unknown>>
}

export interface ChangeOptions {
  /** Stops after the plans. */
  readonly dryRun: boolean
  /** Agrees to everything. */
  readonly yes: boolean
}

/** What was done, as far as a command has more to say about it. */
export interface Changed<Plan> {
  readonly exitCode: number | undefined
  readonly done: readonly { readonly name: string; readonly plan: Plan }[]
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown }

/**
 * Plans a change for every file, shows all of them, asks once, and carries them out side by side. What goes wrong with
 * one file is reported and stops no other; the exit code is that of the first such file.
 *
 * @throws KmsfileError `INPUT_NEEDED`; `USAGE` where the answer is no; `INTERRUPTED`
 */
export async function changeFiles<Plan, Result>(
  cli: Cli,
  files: readonly string[],
  { dryRun, yes, ...steps }: ChangeSteps<Plan, Result> & ChangeOptions,
): Promise<Changed<Plan>> {
  const plans = await settle(cli, files, { doing: 'reading', work: (name) => steps.plan(name) })
  stopIfInterrupted(cli, plans)
  const needed: { name: string; plan: Plan }[] = []
  for (const [i, name] of files.entries()) {
    const plan = plans[i] as Outcome<Plan>
    if ('error' in plan) {
      reportError(plan.error, cli.host, cli)
      continue
    }
    for (const line of steps.describe(plan.value, name)) cli.say(line)
    if (steps.isNeeded(plan.value)) needed.push({ name, plan: plan.value })
  }
  if (!dryRun && !yes) await agree(cli, needed, steps)

  const results = new Map<string, Outcome<Result>>()
  const apply = ({ name, plan }: (typeof needed)[number]) => steps.apply(plan, name)
  const applied = dryRun ? [] : await settle(cli, needed, { doing: 'writing', work: apply })
  stopIfInterrupted(cli, applied)
  for (const [i, { name, plan }] of needed.entries()) {
    const result = applied[i]
    if (result === undefined) continue
    results.set(name, result)
    if ('error' in result) reportError(result.error, cli.host, cli)
    else steps.tell(plan, name, result.value)
  }
  if (dryRun && needed.length > 0) cli.say(`${counted(needed.length, 'file')} would change (--dry-run)`)

  const outcomes = files.map((name, i) => outcomeOf(plans[i] as Outcome<Plan>, results.get(name)))
  if (cli.json) await cli.outJson(jsonOf(files, outcomes, { dryRun, needed, data: steps.data }))
  const failed = outcomes.find((outcome) => 'error' in outcome)
  return {
    exitCode: failed === undefined || !('error' in failed) ? undefined : exitCodeFor(failed.error),
    done: needed.filter(({ name }) => 'value' in (results.get(name) ?? {})),
  }
}

/** Refuses to go on with a file that is not the one that was planned for. @throws KmsfileError `FILE_CHANGED` */
export async function refuseOtherText({ host }: Workspace, { name, text }: { name: string; text: string }) {
  if (name === '-' || (await readNamed(host, name)) === text) return
  throw new KmsfileError('the file was changed by somebody else meanwhile', {
    code: 'FILE_CHANGED',
    file: name,
    hint: 'try again',
  })
}

async function settle<T, R>(
  cli: Cli,
  items: readonly T[],
  { doing, work }: { doing: string; work: (item: T) => Promise<R> },
): Promise<readonly Outcome<R>[]> {
  const outcome = async (item: T): Promise<Outcome<R>> => {
    try {
      return { value: await work(item) }
    } catch (error) {
      return { error }
    }
  }
  return mapWithProgress(cli, items, { doing, work: outcome })
}

/** Ctrl-C is one event, however many files were under way. */
function stopIfInterrupted({ host }: Cli, outcomes: readonly Outcome<unknown>[]): void {
  if (!host.signal.aborted && !outcomes.some(isInterruption)) return
  throw new KmsfileError('interrupted', { code: 'INTERRUPTED' })
}

function isInterruption(outcome: Outcome<unknown>): boolean {
  return 'error' in outcome && outcome.error instanceof KmsfileError && outcome.error.code === 'INTERRUPTED'
}

async function agree<Plan, Result>(
  cli: Cli,
  needed: readonly { name: string; plan: Plan }[],
  { concerns }: ChangeSteps<Plan, Result>,
): Promise<void> {
  const asked = needed
    .map(({ name, plan }) => ({ name, concerns: concerns(plan) }))
    .filter((each) => each.concerns.length > 0)
  if (asked.length === 0) return
  // Files mostly have the same in common, which is to be read once.
  const points = grouped(
    asked.flatMap((each) => each.concerns.map((point) => ({ point, name: each.name }))),
    ({ point }) => point,
  )
  const texts = Array.from(points, ([point, same]) => {
    if (same.length === needed.length) return point
    const who = same.length > 3 ? counted(same.length, 'file') : same.map((each) => shownName(each.name)).join(', ')
    return `${point} (${who})`
  })
  const [{ name } = { name: '' }, ...more] = needed
  const question = `${texts.join('; ')}. Change ${more.length === 0 ? shownName(name) : counted(needed.length, 'file')}?`
  if (await confirm(cli.host, question, { flag: '--yes' })) return
  throw new KmsfileError('nothing was changed', { code: 'USAGE' })
}

function outcomeOf<Plan, Result>(plan: Outcome<Plan>, result: Outcome<Result> | undefined) {
  if ('error' in plan) return plan
  if (result !== undefined && 'error' in result) return result
  return { plan: plan.value, result: result?.value }
}

function jsonOf<Plan, Result>(
  files: readonly string[],
  outcomes: readonly ReturnType<typeof outcomeOf<Plan, Result>>[],
  {
    dryRun,
    needed,
    data,
  }: { dryRun: boolean; needed: readonly { name: string }[] } & Pick<ChangeSteps<Plan, Result>, 'data'>,
) {
  const changing = new Set(needed.map(({ name }) => name))
  return {
    dryRun,
    files: files.map((file, i) => {
      const outcome = outcomes[i]
      if (outcome === undefined || 'error' in outcome) return { file, error: errorData(outcome?.error) }
      return { file, changed: changing.has(file), ...data(outcome.plan, outcome.result) }
    }),
  }
}
