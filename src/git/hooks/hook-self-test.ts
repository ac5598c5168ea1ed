import { copyFile, lstat, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../../host/child-process.ts'
import type { Host } from '../../host/host.ts'
import { withPrivateTemp } from '../../host/private-temp.ts'
import type { Repository } from '../../vcs/repository.ts'
import { ALLOW_VARIABLE } from './hook-allowed.ts'

/** What becomes of a plaintext that somebody would commit. */
export type SelfTestVerdict = 'refused' | 'let pass' | 'failed'

export interface SelfTest {
  /** The program with its arguments that stands for the hook. */
  readonly command: readonly [string, ...string[]]
  /** A path that the rules manage. */
  readonly sample: string
  /** Default: that of this process. */
  readonly path?: string | undefined
}

const PATIENCE_MS = 30_000

/**
 * Runs a hook on an index that holds a plaintext at a managed path, and says what it does. `failed`: it refuses, but not because
 * of what it was shown.
 *
 * The index and the object lie in a private folder; neither the index nor the objects of the repository are changed. The
 * plaintext is made up.
 *
 * @throws KmsfileError `GIT_FAILED`, `FILE_UNWRITABLE`, `INTERRUPTED`
 */
export async function selfTest(
  host: Host,
  repository: Repository,
  { command, sample, path }: SelfTest,
): Promise<{ readonly verdict: SelfTestVerdict; readonly said: string }> {
  return withPrivateTemp(host, { name: 'sample', content: '' }, async ({ folder }) => {
    const index = join(folder, 'index')
    const objects = join(folder, 'objects')
    await mkdir(objects)
    // In a new repository there is none yet.
    await copyFile(join(repository.gitDir, 'index'), index).catch(() => {})
    const scratch = {
      GIT_INDEX_FILE: index,
      GIT_OBJECT_DIRECTORY: objects,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: join(repository.commonDir, 'objects'),
    }
    const id = await writeSample(repository, scratch)
    // --cacheinfo: no file of that name need be there.
    const entries = [...(await configEntries(repository, scratch)), `100644,${id},${sample}`]
    const args = entries.flatMap((entry) => ['--cacheinfo', entry])
    await repository.git(['update-index', '--add', ...args], { env: scratch })

    const [program, ...rest] = command
    const env = { ...host.env, ...scratch, ...(path !== undefined && { PATH: path }), [ALLOW_VARIABLE]: undefined }
    const call = { cwd: repository.topLevel, env, signal: host.signal, timeoutMs: PATIENCE_MS, input: '' }
    const { code, stdout, stderr } = await run(program, rest, call)
    const said = `${Buffer.from(stdout).toString('utf8')}${stderr}`.trim()
    if (code === 0) return { verdict: 'let pass', said }
    return { verdict: said.includes(sample) ? 'refused' : 'failed', said }
  })
}

type Scratch = Readonly<Record<string, string>>

async function writeSample(repository: Repository, env: Scratch): Promise<string> {
  // --no-filters: the guard would refuse it, as it should.
  const { stdout } = await repository.git(['hash-object', '-w', '--no-filters', '--stdin'], {
    env,
    input: 'password: made up by kmsfile doctor\n',
  })
  return Buffer.from(stdout).toString('latin1').trim()
}

/** Configurations of the work tree: the rules are those of the index, and may not be in it yet. */
async function configEntries(repository: Repository, env: Scratch): Promise<readonly string[]> {
  const paths = await repository.listFiles({ untracked: true })
  const named = paths.filter((path) => /(?:^|\/)\.(?:kmsfile|sops)\.yaml$/.test(path) && !path.includes('\n'))
  // Git tracks what may be deleted here.
  const kinds = await Promise.all(named.map((path) => lstat(join(repository.topLevel, path)).catch(() => undefined)))
  const configs = named.filter((_, i) => kinds[i]?.isFile() === true)
  if (configs.length === 0) return []
  const { stdout } = await repository.git(['hash-object', '-w', '--no-filters', '--stdin-paths'], {
    env,
    // What begins with a quotation mark would be read as quoted.
    input: configs.map((path) => `./${path}\n`).join(''),
  })
  const ids = Buffer.from(stdout).toString('latin1').trim().split('\n')
  return configs.map((path, i) => `100644,${ids[i]},${path}`)
}
