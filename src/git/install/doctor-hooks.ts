import { join } from 'node:path'
import type { Host } from '../../host/host.ts'
import { type Check, problemOf } from '../../operations/doctor-check.ts'
import type { GitConfig } from '../../vcs/git-config.ts'
import type { Repository } from '../../vcs/repository.ts'
import { readBinary } from '../check/file-changes.ts'
import { type HookEvent, isOurHook } from '../hooks/hook-script.ts'
import { type SelfTest, selfTest } from '../hooks/hook-self-test.ts'
import { configHookName } from './config-block.ts'
import type { HookState, Installation } from './installation.ts'

export interface HooksContext {
  readonly host: Host
  readonly repository: Repository
  readonly config: GitConfig
  readonly installation: Installation
  /** A path that the rules manage; undefined where there is none. */
  readonly sample: string | undefined
}

/** Looks whether the hooks call kmsfile, and tries the one that is to refuse plaintext. */
export async function checkHooks(context: HooksContext): Promise<readonly Check[]> {
  const { hooks, home } = context.installation
  const checks: Check[] = []
  for (const state of ['missing', 'not executable', 'not started', 'switched off'] as const) {
    const events = eventsIn(context.installation, state)
    if (events.length > 0) checks.push({ about: 'hooks', state: 'problem', ...stateText(state, events, context) })
  }
  const running = eventsIn(context.installation, 'runs')
  if (running.length > 0) {
    const keeper = home.kind === 'husky' || home.kind === 'lefthook' ? ` (${home.kind})` : ''
    checks.push({ about: 'hooks', state: 'ok', message: `git runs kmsfile${keeper}: ${running.join(', ')}` })
  }
  checks.push(...switchedOffBy(context))
  if (hooks.get('pre-commit') === 'runs') checks.push(...(await checkRefusal(context)))
  return checks
}

function eventsIn({ hooks }: Installation, state: HookState): readonly HookEvent[] {
  return [...hooks].flatMap(([event, each]) => (each === state ? [event] : []))
}

function stateText(
  state: Exclude<HookState, 'runs'>,
  events: readonly HookEvent[],
  { installation: { home } }: HooksContext,
): Pick<Check, 'message' | 'hint'> {
  const names = events.join(', ')
  switch (state) {
    case 'missing':
      return { message: `hooks that do not call kmsfile: ${names}`, hint: 'install them: kmsfile git install' }
    case 'not executable':
      return {
        message: `git ignores hooks that are not executable: ${names}`,
        hint: 'chmod +x, or kmsfile git install',
      }
    case 'switched off':
      return {
        message: `the configuration of git switches hooks off: ${names}`,
        hint: 'see git config --get-regexp ^hook',
      }
    case 'not started': {
      const hint =
        home.kind === 'lefthook' ? 'lefthook install' : 'install the packages of this work tree, husky among them'
      return { message: `hooks that are written down, but that nothing starts in this work tree: ${names}`, hint }
    }
    default:
      return state satisfies never
  }
}

/** Variables by which those who start hooks are told not to. */
function switchedOffBy({ host: { env }, installation: { home } }: HooksContext): readonly Check[] {
  const name = home.kind === 'husky' ? 'HUSKY' : home.kind === 'lefthook' ? 'LEFTHOOK' : undefined
  if (name === undefined || !/^(?:0|false)$/.test(env[name] ?? '')) return []
  const message = `${name}=${env[name]} in the environment switches all hooks off`
  return [{ about: 'hooks', state: 'problem', message, hint: `unset ${name}` }]
}

async function checkRefusal(context: HooksContext): Promise<readonly Check[]> {
  const { host, repository, sample } = context
  if (sample === undefined) return []
  try {
    const command = await commandOf(context)
    const { verdict } = await selfTest(host, repository, { command, sample })
    if (verdict === 'let pass') {
      const message = 'the hook lets plaintext pass: tried with a sample, in an index of its own'
      return [{ about: 'hooks', state: 'problem', message, hint: 'install it anew: kmsfile git install' }]
    }
    if (verdict === 'failed') {
      const message = 'the hook refuses whatever is committed: it does not find kmsfile, or kmsfile fails'
      return [{ about: 'hooks', state: 'problem', message, hint: 'see what it says: git commit --allow-empty' }]
    }
    const path = await minimalPath(repository)
    const minimal = await selfTest(host, repository, { command, sample, path })
    if (minimal.verdict === 'refused') {
      return [{ about: 'hooks', state: 'ok', message: 'the hook refuses plaintext: tried with a sample' }]
    }
    const message = 'the hook refuses plaintext, but finds kmsfile only on the PATH of this shell'
    const hint = 'so that graphical programs find it, too: kmsfile git install'
    return [{ about: 'hooks', state: 'warning', message, hint }]
  } catch (error) {
    return [problemOf('hooks', error)]
  }
}

/**
 * What stands for the hook: the text of ours, or the call that is in somebody else's. Nothing of others is run, since it may
 * change what it finds.
 */
async function commandOf({ config, installation: { home } }: HooksContext): Promise<SelfTest['command']> {
  const inConfig = config.get(`hook.${configHookName('pre-commit')}.command`)?.value
  if (inConfig !== undefined) return ['/bin/sh', '-c', inConfig]
  if (home.kind === 'own') {
    const text = (await readBinary(join(home.folder, 'pre-commit'))) ?? ''
    // Under another name, so that it does not find the hook which would run after it.
    if (isOurHook(text, 'pre-commit')) return ['/bin/sh', '-c', Buffer.from(text, 'latin1').toString(), 'kmsfile-hook']
  }
  return ['/bin/sh', '-c', 'PATH=$PATH:node_modules/.bin; kmsfile git hook pre-commit']
}

/** What programs have that were not started from a shell; git puts its own folder before it. */
async function minimalPath({ git }: Repository): Promise<string> {
  const { stdout } = await git(['--exec-path'])
  return `${Buffer.from(stdout).toString('utf8').trim()}:/usr/bin:/bin`
}
