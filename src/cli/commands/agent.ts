import { type AgentConnection, connectAgent } from '../../agent/client.ts'
import { socketToMake } from '../../agent/socket.ts'
import { printDuration } from '../../config/duration.ts'
import { loadUserConfig, parseIdle } from '../../config/user-config.ts'
import { KmsfileError } from '../../errors.ts'
import { DEFAULT_AGENT_IDLE_MS } from '../agent-memory.ts'
import type { Arguments, Cli, Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { textOf, usage } from '../flags.ts'
import { counted } from '../words.ts'

const ACTIONS = ['start', 'stop', 'status', 'lock'] as const

export const agent: Command = {
  usage: 'agent <action>',
  summary:
    'A process that remembers data keys in memory, so that key services are asked once and not by every command. It forgets them when they are not used for a while, on lock, and when it ends.',
  positionals: {
    action: { type: 'string', choices: ACTIONS, describe: 'start, stop, status, or lock: forget all data keys' },
  },
  options: {
    idle: {
      type: 'string',
      describe: 'how long after its last use a data key is forgotten, such as 15m (start)',
      requiresArg: true,
    },
    foreground: { type: 'boolean', describe: 'be the agent, for a service manager, instead of starting one (start)' },
  },
  examples: [
    ['kmsfile agent start', 'start it; `agent: true` in your own kmsfile/config.yaml does so when it is needed'],
    ['kmsfile agent lock', 'forget all data keys at once'],
  ],
  run: async (args, cli) => {
    const action = ACTIONS.find((each) => each === args['action'])
    switch (action) {
      case 'start':
        return args['foreground'] === true ? serve(args, cli) : start(args, cli)
      case 'status':
        return status(cli)
      case 'lock':
      case 'stop':
        return forget(cli, action)
      case undefined:
        throw usage('there is no such action', `write one of ${ACTIONS.join(', ')}`)
      default:
        return action satisfies never
    }
  },
}

/** What an agent says of itself. */
interface AgentState {
  readonly pid: number
  readonly keys: number
  readonly idleMs: number
}

async function start(args: Arguments, cli: Cli): Promise<undefined> {
  const running = await ask(cli, 'status')
  if (running === undefined) {
    const { launchAgent } = await import('../../agent/launch.ts')
    // Says why, where there can be none.
    await socketToMake(cli.host)
    const ready = await launchAgent(cli.host, { idle: printDuration(await idleOf(args, cli)) })
    if (!ready) {
      throw new KmsfileError('the agent does not start', {
        code: 'AGENT_FAILED',
        hint: 'see why: kmsfile agent start --foreground',
      })
    }
  }
  return tell(cli, running ?? (await ask(cli, 'status')))
}

async function serve(args: Arguments, cli: Cli): Promise<undefined> {
  const { takePrecautions } = await import('../../agent/precautions.ts')
  const { serveAgent } = await import('../../agent/server.ts')
  const idleMs = await idleOf(args, cli)
  const end = await serveAgent(cli.host, {
    idleMs,
    meanwhile: await takePrecautions(),
    ready: () => cli.say(`the agent runs; it forgets a data key ${printDuration(idleMs)} after its last use`),
  })
  if (end === 'already-running') cli.say('another agent runs already')
  return undefined
}

async function status(cli: Cli): Promise<number> {
  const state = await ask(cli, 'status')
  await tell(cli, state)
  return state === undefined ? EXIT.found : EXIT.ok
}

async function forget(cli: Cli, action: 'lock' | 'stop'): Promise<undefined> {
  const state = await ask(cli, action)
  if (cli.json) await cli.outJson({ running: state !== undefined && action === 'lock', forgotten: state?.keys ?? 0 })
  else if (state === undefined) cli.say('no agent runs')
  else cli.say(`${counted(state.keys, 'data key')} forgotten${action === 'stop' ? '; the agent has ended' : ''}`)
  return undefined
}

async function tell(cli: Cli, state: AgentState | undefined): Promise<undefined> {
  if (cli.json) await cli.outJson(state === undefined ? { running: false } : { running: true, ...state })
  else if (state === undefined) cli.say('no agent runs')
  else {
    const keys = counted(state.keys, 'data key')
    const idle = printDuration(state.idleMs)
    cli.say(`the agent runs (process ${state.pid}) with ${keys}; each is forgotten ${idle} after its last use`)
  }
  return undefined
}

/** Asks the agent; undefined where none runs. @throws KmsfileError `AGENT_FAILED` where one does not answer */
async function ask({ host }: Cli, op: 'status' | 'lock' | 'stop'): Promise<AgentState | undefined> {
  let connection: AgentConnection | undefined
  try {
    connection = await connectAgent(host)
    if (connection === undefined) return undefined
    const { ok, pid, keys, idleMs } = (await connection.ask({ op })).head
    if (ok === true) return { pid: Number(pid), keys: Number(keys), idleMs: Number(idleMs) }
  } catch {
    // Said below.
  } finally {
    connection?.close()
  }
  throw new KmsfileError('an agent runs that does not answer', {
    code: 'AGENT_FAILED',
    hint: 'it may be of another version: kmsfile agent stop; or hang: end its process',
  })
}

async function idleOf(args: Arguments, { host }: Cli): Promise<number> {
  const text = textOf(args, 'idle')
  if (text === undefined) return (await loadUserConfig(host)).agent?.idleMs ?? DEFAULT_AGENT_IDLE_MS
  const ms = parseIdle(text)
  if (ms === undefined) throw usage('--idle takes a time between one second and twelve hours', 'write it as 15m')
  return ms
}
