// Puts the peers of the interop suite into a cache folder, each only where it is not there yet, and prints where they
// are, as JSON. `node .ci/interop-tools.mjs`
//
// KMSFILE_CI_CACHE      the folder; by default kmsfile-ci among the user's caches
// KMSFILE_INTEROP_SKIP  peers to do without, by name, separated by commas: sops, kustomize, python, hookManagers
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const requirements = fileURLToPath(new URL('interop-requirements.txt', import.meta.url))
const cache = resolve(
  process.env.KMSFILE_CI_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'kmsfile-ci'),
)

const peers = {
  sops: goPeer('sops', '3.13.3', {
    module: 'github.com/getsops/sops/v3/cmd/sops',
    check: ['--version', '--disable-version-check'],
  }),
  kustomize: goPeer('kustomize', '5.7.1', { module: 'sigs.k8s.io/kustomize/kustomize/v5', check: ['version'] }),
  python: pythonPeer(),
  hookManagers: npmPeer('hook-managers', { husky: '9.1.7', lefthook: '2.2.2', 'lint-staged': '16.4.0' }),
}

const skipped = new Set(
  (process.env.KMSFILE_INTEROP_SKIP ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean),
)

try {
  for (const name of skipped) {
    if (!(name in peers))
      throw new Error(`KMSFILE_INTEROP_SKIP names ${name}; there are ${Object.keys(peers).join(', ')}`)
  }
  mkdirSync(cache, { recursive: true })
  const found = Object.entries(peers).map(([name, peer]) => [name, skipped.has(name) ? null : provide(name, peer)])
  console.log(JSON.stringify(Object.fromEntries(found)))
} catch (error) {
  console.error(`interop: ${error.message}`)
  console.error('interop: to do without a peer, name it in KMSFILE_INTEROP_SKIP')
  process.exitCode = 1
}

/** The path of a peer that answers its check, made where it is not there or does not answer. */
function provide(name, { folder, path, build, check }) {
  const home = join(cache, folder)
  const file = join(home, path)
  if (check(file)) return file
  // Made beside its place and moved there in one step: whoever looks at the same time finds all of it or nothing.
  const draft = mkdtempSync(join(cache, `.${folder}-`))
  const aside = `${draft}-broken`
  try {
    console.error(`interop: installing ${folder}`)
    const problem = build(draft)
    if (problem !== undefined) throw new Error(`${name}: ${problem}`)
    if (!check(join(draft, path))) throw new Error(`${name}: what was installed does not answer as ${folder} should`)
    if (existsSync(home) && !check(file)) renameSync(home, aside)
    try {
      renameSync(draft, home)
      return file
    } catch (error) {
      // Somebody else was faster.
      if (check(file)) return file
      throw error
    }
  } finally {
    for (const rest of [draft, aside]) rmSync(rest, { recursive: true, force: true })
  }
}

function goPeer(name, version, { module, check }) {
  return {
    folder: `${name}-${version}`,
    path: name,
    check: (file) => existsSync(file) && run(file, check).stdout?.includes(version) === true,
    build(folder) {
      if (run('go', ['version']).status !== 0) return 'there is no go, which builds it'
      const { status } = run('go', ['install', `${module}@v${version}`], { GOBIN: folder }, 'inherit')
      return status === 0 ? undefined : `go install ${module}@v${version} failed`
    },
  }
}

/** Packages of npm, together in one folder; the path is that of their programs. */
function npmPeer(name, dependencies) {
  const id = createHash('sha256').update(JSON.stringify(dependencies)).digest('hex').slice(0, 12)
  const isInstalled = (bin) =>
    Object.entries(dependencies).every(([each, version]) => {
      const file = join(bin, '..', each, 'package.json')
      return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version === version
    })
  return {
    folder: `${name}-${id}`,
    path: 'node_modules/.bin',
    check: (bin) => isInstalled(bin) && run(join(bin, 'lefthook'), ['version']).status === 0,
    build(folder) {
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }))
      const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder]
      const { status } = run('npm', args, {}, 'inherit')
      return status === 0 ? undefined : 'npm install failed'
    },
  }
}

function pythonPeer() {
  const wanted = readFileSync(requirements, 'utf8')
  const id = createHash('sha256').update(wanted).digest('hex').slice(0, 12)
  const packages = wanted.split('\n').filter((line) => line.includes('=='))
  const question =
    'import importlib.metadata as m, sys; sys.exit(any(m.version(p.split("==")[0]) != p.split("==")[1] for p in sys.argv[1:]))'
  return {
    folder: `python-${id}`,
    // Of a virtual environment that was moved only the interpreter works, not the programs beside it: `-m` starts them.
    path: 'bin/python3',
    check: (file) => existsSync(file) && run(file, ['-c', question, ...packages]).status === 0,
    build(folder) {
      if (run('python3', ['--version']).status !== 0) return 'there is no python3'
      if (run('python3', ['-m', 'venv', folder], {}, 'inherit').status !== 0) return 'python3 -m venv failed'
      const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]
      return run(join(folder, 'bin/python3'), install, {}, 'inherit').status === 0 ? undefined : 'pip install failed'
    },
  }
}

function run(command, args, env = {}, output = 'pipe') {
  // stdout is for the paths.
  const stdio = output === 'inherit' ? ['ignore', 2, 2] : ['ignore', 'pipe', 'ignore']
  return spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, ...env }, stdio })
}
