'use strict'
// The bin of the package: loads the command line's chunks through V8's code cache. Compiling them takes longer than what
// most commands do, and git hooks start us often. Node's own cache (from 22.1 on) holds only what a module compiles while
// it loads; ours is made when a command has run, and holds what it ran.
//
// The cache is code, so it is trusted only where nobody but this user can write, and it belongs to this very build:
// V8 itself compares no more of the source than its length.
const fs = require('node:fs')
const path = require('node:path')
const vm = require('node:vm')

const BUILD = 'BUILD_ID'
const loaded = new Map()
const scripts = new Map()
/** Names of scripts that were compiled without a cache. */
const fresh = new Set()
const file = cacheFile()
const cached = file === undefined ? new Map() : readCache(file)

if (file !== undefined) process.once('exit', writeCache)
load('main.cjs')

function load(name) {
  const known = loaded.get(name)
  if (known !== undefined) return known.exports
  const module = { exports: {} }
  loaded.set(name, module)
  const filename = path.join(__dirname, name)
  const source = fs.readFileSync(filename, 'utf8')
  const cachedData = cached.get(name)
  const wrapped = `(function(exports,require,module,__filename,__dirname){${source}\n})`
  const script = new vm.Script(wrapped, { filename, cachedData })
  scripts.set(name, script)
  if (cachedData === undefined || script.cachedDataRejected) fresh.add(name)
  const inside = (id) => (id.startsWith('./') ? load(id.slice(2)) : require(id))
  script.runInThisContext().call(module.exports, module.exports, inside, module, filename, __dirname)
  return module.exports
}

/** Where the cache of this build and this Node lies; undefined where there shall be none. */
function cacheFile() {
  const { env, platform, execArgv, version, arch } = process
  // Flags change what V8 compiles; with them every run would throw away what the last one wrote.
  if (env.NODE_DISABLE_COMPILE_CACHE || env.NODE_OPTIONS || env.NODE_V8_COVERAGE || execArgv.length > 0)
    return undefined
  const base =
    env.XDG_CACHE_HOME || (platform === 'win32' ? env.LOCALAPPDATA : env.HOME && path.join(env.HOME, '.cache'))
  if (!base || !path.isAbsolute(base)) return undefined
  return path.join(base, 'kmsfile', `code-${BUILD}-${version}-${arch}`)
}

function isOurs({ uid, mode }) {
  const own = process.getuid?.()
  return own === undefined || (uid === own && (mode & 0o022) === 0)
}

/** Chunks by name: a line of JSON that names them with their sizes, then their bytes. */
function readCache(location) {
  let fd
  try {
    fd = fs.openSync(location, fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0))
    if (!isOurs(fs.fstatSync(fd)) || !isOurs(fs.lstatSync(path.dirname(location)))) return new Map()
    const bytes = fs.readFileSync(fd)
    const end = bytes.indexOf(0x0a)
    let at = end + 1
    const parts = JSON.parse(bytes.toString('utf8', 0, end)).map(([name, size]) => {
      at += size
      return [name, bytes.subarray(at - size, at)]
    })
    // What a full disk cut short is written anew.
    return new Map(at === bytes.length ? parts : [])
  } catch {
    return new Map()
  } finally {
    if (fd !== undefined) fs.closeSync(fd)
  }
}

function writeCache() {
  // A cache that was refused once would be refused again: flags or a processor that it was not made for.
  if (fresh.size === 0 || [...fresh].some((name) => cached.has(name))) return
  try {
    const folder = path.dirname(file)
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (!isOurs(fs.lstatSync(folder))) return
    // Of all, not of the new ones alone: a command that is new here runs functions of the shared chunks that no other did.
    for (const [name, script] of scripts) {
      const data = script.createCachedData()
      // In a long run V8 drops what ran once at the start.
      if (data.length > (cached.get(name)?.length ?? 0)) cached.set(name, data)
    }
    const head = JSON.stringify(Array.from(cached, ([name, { length }]) => [name, length]))
    const temporary = `${file}.${process.pid}`
    fs.writeFileSync(temporary, Buffer.concat([Buffer.from(`${head}\n`), ...cached.values()]), {
      mode: 0o600,
      flag: 'wx',
    })
    fs.renameSync(temporary, file)
    dropOthers(folder)
  } catch {
    // Without a cache everything works, a little slower.
  }
}

/** Caches of other builds of kmsfile and other versions of Node are of no use any more. */
function dropOthers(folder) {
  for (const name of fs.readdirSync(folder)) {
    if (name.startsWith('code-') && !name.startsWith(`code-${BUILD}-`))
      fs.rmSync(path.join(folder, name), { force: true })
  }
}
