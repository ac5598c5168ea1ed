// `npm start`: the main job, end to end, on a real values file, in a scratch repository with an age identity of its own.
// Every step is shown, and fails loudly.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'kmsfile-demo-'))
const home = join(scratch, 'home')
const repository = join(scratch, 'shop')
const bin = join(root, 'dist/bin/kmsfile.cjs')
// Nothing of this user's keys or settings takes part.
const env = {
  PATH: process.env.PATH,
  HOME: home,
  XDG_CONFIG_HOME: join(home, '.config'),
  TMPDIR: scratch,
  GIT_CONFIG_GLOBAL: join(home, '.gitconfig'),
  GIT_CONFIG_NOSYSTEM: '1',
}

const AROUND_THE_GUARD = ['process=', 'clean=cat', 'required=false'].flatMap((each) => [
  '-c',
  `filter.kmsfile-guard.${each}`,
])

try {
  mkdirSync(home, { recursive: true })
  mkdirSync(join(repository, 'secrets'), { recursive: true })
  writeFileSync(
    env.GIT_CONFIG_GLOBAL,
    '[user]\n\tname = Ana\n\temail = ana@example.com\n[init]\n\tdefaultBranch = main\n',
  )
  cpSync(join(root, 'fixtures/values/helm.yaml'), join(repository, 'secrets/prod.yaml'))
  main()
  console.log('\nAll of it worked: what came back is the file, byte for byte.')
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

function main() {
  const original = read('secrets/prod.yaml')

  step('A repository with a values file in it, as it comes from a Helm chart')
  run('git', ['init', '--quiet'])
  show(original, 14)

  step('Set up kmsfile: it makes an age identity, since there is no other key')
  kmsfile(['init'])

  step('Encrypt the file: keys, comments’ places and layout stay, values go')
  kmsfile(['encrypt', '-i', 'secrets/prod.yaml'])
  const encrypted = read('secrets/prod.yaml')
  show(encrypted, 24)
  for (const secret of ['not a comment', 's.1234567890abcdef', 'MIIEexamplenotakey', 'team-shop', 'db.internal']) {
    expect(!encrypted.includes(secret), `${JSON.stringify(secret)} is in the encrypted file`)
  }

  step('Decrypt it: the same bytes')
  const decrypted = kmsfile(['decrypt', 'secrets/prod.yaml'], { quiet: true })
  expect(decrypted === original, 'decrypt gives other bytes than were encrypted')
  console.log(`${Buffer.byteLength(decrypted)} bytes, equal to the original: yes`)

  step('Commit it, then change one value; the new one comes from stdin, not from the command line')
  run('git', ['add', '.'])
  run('git', ['commit', '--quiet', '-m', 'Add the values of production'])
  kmsfile(['set', 'secrets/prod.yaml', 'database.password'], { input: 'n3w-s3cr3t' })
  const diff = run('git', ['diff', '--stat', '-p', '--unified=0'])
  console.log(shortened(diff))
  const changed = diff.split('\n').filter((line) => /^[-+](?![-+])/.test(line))
  // The value, and in the metadata: our own key, the time, the MAC. Each once removed, once added.
  expect(changed.length <= 8, `a change of one value changes ${changed.length / 2} lines`)

  step('Read one value, and the whole file')
  const value = kmsfile(['get', 'secrets/prod.yaml', 'database.password'])
  expect(value === 'n3w-s3cr3t', 'get gives another value than was set')
  const after = kmsfile(['decrypt', 'secrets/prod.yaml'], { quiet: true })
  const expected = original.replace('"p@ss: word # not a comment"', '"n3w-s3cr3t"')
  expect(after === expected, 'set changed more than the value')
  console.log('Everything else in the file: unchanged, byte for byte')

  step('What is encrypted here, and for whom')
  kmsfile(['status'])
  run('git', ['commit', '--quiet', '-a', '-m', 'Change the password'])

  gitStory(after)
}

/** The second half: a repository that only ever holds ciphertext, with diffs and merges all the same. */
function gitStory(before) {
  step('Plaintext where a rule wants ciphertext: git does not even take it')
  writeFileSync(join(repository, 'secrets/new.yaml'), 'token: plain-t0ken\n')
  const added = attempt('git', ['add', '.'])
  expect(added.status !== 0, 'git add takes plaintext')
  expect(/secrets\/new\.yaml:1 +token +not encrypted/.test(added.stderr), 'the refusal does not say what and where')
  console.log('And around the guard, with --no-verify on top: the commit is refused')
  run('git', [...AROUND_THE_GUARD, 'add', '.'])
  const committed = attempt('git', [...AROUND_THE_GUARD, 'commit', '--no-verify', '--quiet', '-m', 'Add a token'])
  expect(committed.status !== 0, 'git commit --no-verify takes plaintext')
  kmsfile(['encrypt', '-i', 'secrets/new.yaml'])
  run('git', ['add', '.'])
  run('git', ['commit', '--quiet', '-m', 'Add a token'])

  step('Two branches change different values')
  run('git', ['checkout', '--quiet', '-b', 'topic'])
  kmsfile(['set', 'secrets/prod.yaml', 'database.host'], { input: 'db2.internal' })
  run('git', ['commit', '--quiet', '-a', '-m', 'Move the database'])
  run('git', ['checkout', '--quiet', 'main'])
  kmsfile(['set', 'secrets/prod.yaml', 'database.password'], { input: '4n0ther' })

  step('git diff shows what changed, not how it is encrypted')
  const diff = run('git', ['diff', 'secrets/prod.yaml'])
  console.log(shortened(diff))
  expect(/^-.*n3w-s3cr3t/m.test(diff) && /^\+.*4n0ther/m.test(diff), 'git diff does not show the value that changed')
  run('git', ['commit', '--quiet', '-a', '-m', 'Change the password again'])

  step('git merge puts both together, with one valid MAC, and without plaintext in any object')
  run('git', ['merge', '--quiet', '-m', 'Merge topic', 'topic'])
  const merged = kmsfile(['decrypt', 'secrets/prod.yaml'], { quiet: true })
  const expected = before.replace('n3w-s3cr3t', '4n0ther').replace('db.internal', 'db2.internal')
  expect(merged === expected, 'the merge is not what somebody would get who merged the plaintexts')
  kmsfile(['status', '--verify'])
  const objects = run('git', ['cat-file', '--batch-all-objects', '--batch', '--buffer'], { quiet: true })
  for (const secret of ['n3w-s3cr3t', '4n0ther', 'db2.internal']) {
    expect(!objects.includes(secret), `${secret} is in an object of the repository`)
  }
  console.log('Searched every object of the repository for the values: none is there')
}

function step(title) {
  console.log(`\n\x1b[1m== ${title}\x1b[0m`.replace(/\x1b\[\d*m/g, process.stdout.isTTY ? '$&' : ''))
}

function kmsfile(args, { input, quiet = false } = {}) {
  console.log(`$ kmsfile ${args.join(' ')}${input === undefined ? '' : ' < new-password'}`)
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: repository,
    env,
    input,
    encoding: 'utf8',
  })
  process.stdout.write(stderr)
  if (!quiet && stdout !== '') console.log(stdout.trimEnd())
  expect(status === 0, `kmsfile ${args[0]} ended with ${status}`)
  return stdout
}

function run(command, args, { quiet = false } = {}) {
  const { status, stdout, stderr } = attempt(command, args, { quiet })
  expect(status === 0, `${command} ${args[0]} ended with ${status}: ${stderr}`)
  return stdout
}

/** As `run`, for what may be refused. */
function attempt(command, args, { quiet = false } = {}) {
  if (!quiet) console.log(`$ ${command} ${args.filter((arg) => !AROUND_THE_GUARD.includes(arg)).join(' ')}`)
  const options = { cwd: repository, env, encoding: 'utf8', maxBuffer: 1 << 28 }
  const { status, stdout, stderr } = spawnSync(command, args, options)
  process.stdout.write(stderr)
  return { status, stdout, stderr }
}

function read(path) {
  return readFileSync(join(repository, path), 'utf8')
}

function show(text, lines) {
  const all = text.split('\n')
  console.log(shortened(all.slice(0, lines).join('\n')))
  if (all.length > lines) console.log(`... ${all.length - lines} more lines`)
}

function shortened(text) {
  return text
    .replace(/(ENC\[AES256_GCM,data:.{12})[^\]\n]{20,}(,type:\w+\])/g, '$1...$2')
    .replace(/(kmsfile: v1\..{12}).+/g, '$1...')
}

function expect(holds, message) {
  if (holds) return
  console.error(`\nFAILED: ${message}`)
  process.exitCode = 1
  throw new Error(message)
}
