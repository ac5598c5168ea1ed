// What is measured is what users install: the packed tarball in an empty project, with a home of its own.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
const SOPS_VERSION = '3.13.3'

/**
 * Packs and installs the package below `scratch`, and makes an age identity with it.
 *
 * `kmsfile` and `sops` make commands of arguments; `sops` is undefined where there is none, and `sopsLabel` says so.
 */
export function install(scratch) {
  const home = join(scratch, 'home')
  const work = join(scratch, 'work')
  const project = join(scratch, 'project')
  for (const folder of [home, work, project]) mkdirSync(folder, { recursive: true })

  const packed = run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', scratch], { cwd: root })
  const listed = JSON.parse(packed)
  const [{ filename, size }] = Array.isArray(listed) ? listed : Object.values(listed)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true }))
  run('npm', ['install', '--no-audit', '--no-fund', '--offline', join(scratch, filename)], { cwd: project })

  const bin = join(project, 'node_modules/kmsfile/dist/bin/kmsfile.cjs')
  const keyFile = join(home, '.config/kmsfile/age/keys.txt')
  const env = {
    ...machine(),
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_CACHE_HOME: join(home, '.cache'),
    SOPS_AGE_KEY_FILE: keyFile,
  }
  run(process.execPath, [bin, 'init'], { cwd: work, env: { ...env, XDG_CACHE_HOME: join(scratch, 'cache-of-init') } })
  const recipient = /age1[0-9a-z]+/.exec(readFileSync(keyFile, 'utf8'))?.[0]
  if (recipient === undefined) throw new Error('kmsfile init made no age identity')

  const sopsFile = findSops()
  return {
    bin,
    env,
    work,
    scratch,
    recipient,
    packedBytes: size,
    sopsFile,
    bare: { file: process.execPath, args: ['-e', '0'] },
    kmsfile: (...args) => ({ file: process.execPath, args: [bin, ...args] }),
    sops: sopsFile === undefined ? undefined : (...args) => ({ file: sopsFile, args }),
    sopsLabel: sopsFile === undefined ? 'no sops' : 'sops',
  }
}

/** What of the environment programs need to start. NODE_EXTRA_CA_CERTS and NODE_OPTIONS change what a start of Node costs. */
function machine() {
  const names = ['PATH', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'LANG']
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
}

/** The sops that kmsfile is compared with; undefined where there is none of that version. */
function findSops() {
  const { KMSFILE_SOPS, KMSFILE_CI_CACHE, XDG_CACHE_HOME, PATH = '' } = process.env
  const cache = KMSFILE_CI_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'kmsfile-ci')
  const onPath = PATH.split(delimiter).map((folder) => join(folder, 'sops'))
  const places = KMSFILE_SOPS ? [KMSFILE_SOPS] : [...onPath, join(cache, `sops-${SOPS_VERSION}`, 'sops')]
  return places.find((file) => {
    if (!existsSync(file)) return false
    const { stdout } = spawnSync(file, ['--version', '--disable-version-check'], { encoding: 'utf8' })
    return stdout?.includes(SOPS_VERSION) === true
  })
}

function run(file, args, options) {
  return execFileSync(file, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 26,
    ...options,
  })
}
