// Builds dist/: the library (ESM), its types, and the command line. `node .ci/build.mjs`
//
// The command line is bundled as ESM, which esbuild can split into chunks that commands share, and then turned into
// CommonJS chunk by chunk: Node loads CommonJS faster, and V8's code cache works with it on every Node we support.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, transform } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

rmSync(dist, { recursive: true, force: true })

const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  minify: true,
  splitting: true,
  format: 'esm',
  legalComments: 'none',
  define: { 'process.env.KMSFILE_VERSION': JSON.stringify(version) },
  // Measuring text needs no table of every emoji: string-width alone takes longer to load than all of yargs.
  // Of what is CommonJS and loaded by `import()`, esbuild gives nothing but the default export: yaml's own ES modules do.
  alias: {
    'string-width': join(root, '.ci/string-width.mjs'),
    yaml: join(root, 'node_modules/yaml/browser/index.js'),
  },
  logLevel: 'warning',
}

const library = await build({
  ...shared,
  entryPoints: ['src/index.ts'],
  outdir: 'dist/lib',
  metafile: true,
  banner: { js: REQUIRE_FOR_ESM() },
})

const bundle = await build({
  ...shared,
  entryPoints: { main: 'src/cli/main.ts' },
  outdir: 'dist/bin',
  write: false,
  metafile: true,
  // CommonJS has no import.meta; yargs asks it where its translations lie, and copes without.
  define: { ...shared.define, 'import.meta.url': 'kmsfileModuleUrl' },
})
mkdirSync(join(dist, 'bin'), { recursive: true })
const id = createHash('sha256')
for (const { path, text } of bundle.outputFiles) {
  const name = basename(path, '.js')
  const { code } = await transform(text.replaceAll(/(["'])\.\/([\w.-]+)\.js\1/g, '"./$2.cjs"'), {
    format: 'cjs',
    target: 'node20.19',
    minify: true,
    platform: 'node',
    // `require` instead: it knows the code cache, and needs no lexer to find out what a chunk exports.
    supported: { 'dynamic-import': false },
  })
  const head = code.includes('kmsfileModuleUrl')
    ? 'const kmsfileModuleUrl=require("node:url").pathToFileURL(__filename).href;'
    : ''
  writeFileSync(join(dist, 'bin', `${name}.cjs`), `${head}${code}`)
  id.update(name).update(head).update(code)
}
const launcher = await transform(readFileSync(join(root, 'src/cli/launch.cjs'), 'utf8'), {
  minify: true,
  platform: 'node',
})
const launch = launcher.code.replace('BUILD_ID', id.digest('hex').slice(0, 16))
writeFileSync(join(dist, 'bin/kmsfile.cjs'), `#!/usr/bin/env node\n${launch}`)
chmodSync(join(dist, 'bin/kmsfile.cjs'), 0o755)

execFileSync(
  process.execPath,
  [
    join(root, 'node_modules/typescript/bin/tsc'),
    ...['--noEmit', 'false', '--emitDeclarationOnly', '--declaration', '--outDir', 'dist/types', '--rootDir', 'src'],
    ...['-p', '.ci/tsconfig.types.json'],
  ],
  { cwd: root, stdio: 'inherit' },
)
if (existsSync(join(root, 'src/config/schema.json'))) {
  copyFileSync(join(root, 'src/config/schema.json'), join(dist, 'schema.json'))
}
// Types that are exported follow what they import; the rest of the house is of no use to anybody outside.
for (const folder of ['cli', 'host', 'vcs', 'agent', 'git']) pruneTypes(folder)

writeFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), licenses([library.metafile, bundle.metafile]))

/** The licences of all that is bundled, and of the parser that ours is derived from. */
function licenses(metafiles) {
  const inputs = metafiles.flatMap(({ inputs }) => Object.keys(inputs))
  const folders = new Set(
    inputs.flatMap((input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []),
  )
  folders.add('node_modules/js-yaml')
  const texts = Array.from(folders, (folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e(\.|$)/i.test(entry))
    const text = file === undefined ? `Licence: ${license}` : readFileSync(join(root, folder, file), 'utf8').trim()
    return [`${name} ${version}`, text]
  })
  return texts
    .filter(([, text]) => text !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, text]) => `${name}\n\n${text}\n`)
    .join(`\n${'-'.repeat(80)}\n\n`)
}

/** Bundled CommonJS packages call `require`, which ESM does not have. */
function REQUIRE_FOR_ESM() {
  return "import { createRequire as kmsfileCreateRequire } from 'node:module';const require=kmsfileCreateRequire(import.meta.url);"
}

function pruneTypes(folder) {
  const path = join(dist, 'types', folder)
  if (!existsSync(path)) return
  const wanted = typesUsed()
  for (const file of readdirSync(path, { recursive: true })) {
    const full = join(path, String(file))
    if (full.endsWith('.d.ts') && !wanted.has(full)) rmSync(full)
  }
}

function typesUsed() {
  const seen = new Set()
  const visit = (file) => {
    if (seen.has(file) || !existsSync(file)) return
    seen.add(file)
    for (const [, specifier] of readFileSync(file, 'utf8').matchAll(
      /from ['"](\.[^'"]+)['"]|import\(['"](\.[^'"]+)['"]\)/g,
    )) {
      if (specifier) visit(join(file, '..', specifier.replace(/\.(ts|js)$/, '.d.ts')))
    }
  }
  visit(join(dist, 'types/index.d.ts'))
  return seen
}
