import type { Stats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { KmsfileError } from '../errors.ts'
import type { Host } from '../host/host.ts'
import { ownUserId } from '../host/process-mark.ts'
import { runtimeFolder, runtimeFolderPath } from '../host/runtime-folder.ts'

type Where = Pick<Host, 'env' | 'platform'>

const NAME = 'agent.sock'
/** sockaddr_un has room for 104 bytes on macOS, 108 on Linux; an agent first binds to a name that is 9 longer. */
const MAX_PATH_BYTES = 94

/**
 * Whether there can be an agent on this system. Not on Windows: names of pipes are the machine's, so that any other user could
 * listen at ours first, and Node does not tell whose a pipe is. A client would hand over its data keys.
 */
export function canHaveAgent({ platform }: Pick<Host, 'platform'>): boolean {
  return platform !== 'win32'
}

/**
 * Where the user's agent listens: a socket that this user alone can reach. Undefined where none can: no folder, something of
 * somebody else in its place, a system without agents.
 */
export async function findSocket(host: Where): Promise<string | undefined> {
  if (!canHaveAgent(host)) return undefined
  const path = join(await runtimeFolderPath(host), NAME)
  const [folder, socket] = await Promise.all([dirname(path), path].map((each) => lstat(each).catch(() => undefined)))
  const own = [folder, socket].every((stat) => stat !== undefined && stat.uid === ownUserId() && isPrivate(stat))
  // lstat: a link to a socket is none.
  return own && folder?.isDirectory() && socket?.isSocket() ? path : undefined
}

/**
 * Where a new agent may listen; its folder is made.
 *
 * @throws KmsfileError `FILE_UNWRITABLE` where it cannot: something in its place is no socket, or not this user's; `AGENT_FAILED`
 * on a system without agents.
 */
export async function socketToMake(host: Where): Promise<string> {
  if (!canHaveAgent(host)) {
    throw new KmsfileError('there is no agent on Windows', {
      code: 'AGENT_FAILED',
      hint: 'do without: every command works, and asks the key service each time',
    })
  }
  const path = join(await runtimeFolder(host), NAME)
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw unusable(path, 'the path is too long for a socket')
  const stat = await lstat(path).catch(() => undefined)
  if (stat === undefined) return path
  if (!stat.isSocket()) throw unusable(path, 'not a socket')
  if (stat.uid !== ownUserId()) throw unusable(path, 'not a socket of this user')
  return path
}

function isPrivate({ mode }: Stats): boolean {
  return (mode & 0o077) === 0
}

function unusable(file: string, message: string): KmsfileError {
  return new KmsfileError(message, {
    code: 'FILE_UNWRITABLE',
    file,
    hint: 'remove it, or set XDG_RUNTIME_DIR to another folder that only you can write',
  })
}
