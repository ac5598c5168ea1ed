// What users install is checked, not what lies in the checkout: the packed tarball in an empty project, its bin, its
// import and its types, on every version of Node that is supported.
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const cache =
  process.env.KMSFILE_CI_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kmsfile-ci')
const scratch = mkdtempSync(join(tmpdir(), 'kmsfile-package-'))
const NODES = ['22', '24']

try {
  const tarball = pack()
  console.log('publint')
  tool('publint', ['run', tarball, '--strict'])
  console.log('are the types wrong?')
  tool('attw', [tarball, '--profile', 'esm-only', '--no-color', '--exclude-entrypoints', './schema.json'])
  const project = install(tarball)
  checkContents(project)
  checkTypes(project)
  for (const node of [process.execPath, ...NODES.map(nodeOf)]) smoke(project, node)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

function pack() {
  // The build is done: npm test did it. `prepare` would do it again.
  const out = run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', scratch], { cwd: root })
  const parsed = JSON.parse(out)
  const [{ filename, size, entryCount }] = Array.isArray(parsed) ? parsed : Object.values(parsed)
  console.log(`${filename}: ${Math.round(size / 1024)} KB, ${entryCount} files`)
  return join(scratch, filename)
}

function install(tarball) {
  const project = join(scratch, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }))
  run('npm', ['install', '--no-audit', '--no-fund', '--offline', tarball], { cwd: project })
  return project
}

function checkContents(project) {
  const modules = readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'))
  expect(modules.join() === 'kmsfile', `the package brings ${modules.join()}`)
  const files = readdirSync(join(project, 'node_modules/kmsfile'), { recursive: true }).map(String)
  for (const needed of [
    'dist/bin/kmsfile.cjs',
    'dist/lib/index.js',
    'dist/types/index.d.ts',
    'dist/schema.json',
    'README.md',
    'LICENSE',
  ]) {
    expect(files.includes(needed), `${needed} is missing`)
  }
  expect(!files.some((file) => /(^|\/)(src|test|fixtures)\//.test(file)), 'sources or tests are in the package')
}

function checkTypes(project) {
  writeFileSync(
    join(project, 'use.ts'),
    [
      "import { KmsfileError, openSession, parsePath, type Session } from 'kmsfile'",
      'const session: Session = openSession({ cwd: "." })',
      'export const text: Promise<string> = session.decryptFile("a.yaml", { extract: parsePath("a.b") })',
      'export const code: string | undefined = new KmsfileError("x", { code: "USAGE" }).hint',
      '',
    ].join('\n'),
  )
  // The package's types name node:* types of their own, so a user without @types/node must not need it.
  symlinkSync(join(root, 'node_modules/@types'), join(project, 'node_modules/@types'))
  tool(
    'tsc',
    [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      'false',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--types',
      'node',
      'use.ts',
    ],
    { cwd: project },
  )
  rmSync(join(project, 'node_modules/@types'))
}

/** The main job through the installed bin, and the library, with this Node. */
function smoke(project, node) {
  const version = run(node, ['--version']).trim()
  const home = join(scratch, `home-${version}`)
  const work = join(scratch, `work-${version}`)
  mkdirSync(home)
  mkdirSync(work)
  const env = { PATH: process.env.PATH, HOME: home, XDG_CONFIG_HOME: join(home, '.config') }
  const bin = join(project, 'node_modules/kmsfile/dist/bin/kmsfile.cjs')
  const kmsfile = (args, options = {}) => run(node, [bin, ...args], { cwd: work, env, ...options })
  const plaintext = readFileSync(join(root, 'fixtures/values/helm.yaml'), 'utf8')

  kmsfile(['init'])
  mkdirSync(join(work, 'secrets'))
  writeFileSync(join(work, 'secrets/prod.yaml'), plaintext)
  kmsfile(['encrypt', '-i', 'secrets/prod.yaml'])
  expect(!readFileSync(join(work, 'secrets/prod.yaml'), 'utf8').includes('s.1234567890abcdef'), 'a secret is left')
  expect(kmsfile(['decrypt', 'secrets/prod.yaml']) === plaintext, 'the plaintext does not come back')
  kmsfile(['set', 'secrets/prod.yaml', 'smtp.token'], { input: 'new' })
  expect(kmsfile(['get', 'secrets/prod.yaml', 'smtp.token']) === 'new', 'set and get disagree')
  const script =
    "import { openSession } from 'kmsfile'; process.stdout.write(await openSession().decryptFile(process.argv[1]))"
  const text = run(node, ['--input-type=module', '-e', script, join(work, 'secrets/prod.yaml')], { cwd: project, env })
  expect(text.includes('token:  new'), 'the library reads something else')
  console.log(`Node ${version}: encrypt, decrypt, set, get, import: ok`)
}

/** Another Node, as npm's package `node` brings it. */
function nodeOf(major) {
  const folder = join(cache, `node-${major}`)
  const node = join(folder, 'node_modules/node/bin/node')
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{"private": true, "allowScripts": {"node": true}}')
    run('npm', ['install', '--no-audit', '--no-fund', `node@${major}`], { cwd: folder })
    if (!existsSync(node)) run('npm', ['rebuild', '--foreground-scripts', 'node'], { cwd: folder })
  }
  return node
}

function tool(name, args, options = {}) {
  const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter)
  run(name, args, { ...options, env: { ...process.env, PATH: path }, show: true })
}

function run(command, args, { show = false, ...options } = {}) {
  try {
    const out = execFileSync(command, args, {
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
      maxBuffer: 1 << 28,
      ...options,
    })
    if (show) process.stdout.write(out)
    return out
  } catch (error) {
    process.stderr.write(`${error.stdout ?? ''}${error.stderr ?? ''}`)
    throw new Error(`${command} ${args.slice(0, 3).join(' ')} failed`)
  }
}

function expect(holds, message) {
  if (!holds) throw new Error(message)
}
