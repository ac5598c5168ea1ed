// Makes a bare checkout ready: installs what the lock file says and builds, each only where it is not done yet.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`kmsfile needs Node 20.19 or newer; this is ${process.version}`)
  process.exit(1)
}

const lock = digest([join(root, 'package-lock.json'), join(root, 'package.json')])
const installed = join(root, 'node_modules/.kmsfile-lock')
// Where npm prepares the package, it has installed already what it will; only for a global install it forgot to.
const preparing = process.env.npm_lifecycle_event === 'prepare' && existsSync(join(root, 'node_modules/esbuild'))
if (read(installed) !== lock && !preparing) {
  // The build runs below, once, not as the package's own `prepare`.
  run(['ci', '--ignore-scripts', '--no-audit', '--no-fund'])
  writeFileSync(installed, lock)
}

const built = join(root, 'node_modules/.kmsfile-built')
const sources = digest([...walk(join(root, 'src')), ...walk(join(root, '.ci')), join(root, 'package.json')])
if (!existsSync(join(root, 'dist/bin/kmsfile.cjs')) || read(built) !== sources) {
  execFileSync(process.execPath, [join(root, '.ci/build.mjs')], { cwd: root, stdio: 'inherit' })
  mkdirSync(join(root, 'node_modules'), { recursive: true })
  writeFileSync(built, sources)
}

function run(args) {
  const npm = process.env.npm_execpath
  // What was said about the install that brought us here is not meant for this one.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_config_(global|location|omit|include|production|prefix|package_lock)$/i.test(name),
    ),
  )
  const { status } =
    npm === undefined
      ? spawnSync('npm', args, { cwd: root, env, stdio: 'inherit', shell: process.platform === 'win32' })
      : spawnSync(process.execPath, [npm, ...args], { cwd: root, env, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

function digest(files) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(file).update('\0').update(readFileSync(file)).update('\0')
  return hash.digest('hex')
}

function* walk(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) yield* walk(path)
    else yield path
  }
}

function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}
