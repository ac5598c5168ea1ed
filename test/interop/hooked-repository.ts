import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { inject, onTestFinished } from 'vitest'
import { ana } from './people.ts'

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A repository with rules and an encrypted file, in which other programs keep the hooks. */
export interface HookedRepository {
  readonly top: string
  /** What is around the work tree: the home. */
  readonly home: string
  /** Runs a program at the top, whatever comes of it. */
  run(command: string, args: readonly string[], env?: Readonly<Record<string, string>>): Ended
  /** Runs one that must succeed; what it printed. */
  must(command: string, ...args: string[]): string
  write(path: string, content: string): void
  read(path: string): string
  /** Encrypts a text for ana, and puts it there. */
  protect(path: string, plaintext: string): void
}

/** Makes one, gone after the test. Programs of `folders` are on the PATH. */
export function hookedRepository(...folders: string[]): HookedRepository {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'kmsfile-interop-')))
  onTestFinished(() => rmSync(home, { recursive: true, force: true, maxRetries: 3 }))
  const [top, bin] = ['repository', 'bin'].map((name) => join(home, name)) as [string, string]
  for (const folder of [top, bin]) mkdirSync(folder)
  writeFileSync(join(bin, 'kmsfile'), `#!/bin/sh\nexec '${process.execPath}' '${inject('peers').kmsfile}' "$@"\n`, {
    mode: 0o755,
  })
  const base: Record<string, string> = {
    PATH: [bin, ...folders, process.env['PATH'] ?? ''].join(delimiter),
    HOME: home,
    XDG_CACHE_HOME: join(home, '.cache'),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@example.com',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@example.com',
    ...ana.env,
  }
  const run: HookedRepository['run'] = (command, args, env = {}) => {
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd: top,
      env: { ...base, ...env },
      encoding: 'utf8',
      input: '',
    })
    return { code: status ?? 128, stdout, stderr }
  }
  const self: HookedRepository = {
    top,
    home,
    run,
    must(command, ...args) {
      const { code, stdout, stderr } = run(command, args)
      if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${code}\n${stdout}${stderr}`)
      return stdout
    },
    write(path, content) {
      mkdirSync(dirname(join(top, path)), { recursive: true })
      writeFileSync(join(top, path), content)
    },
    read: (path) => readFileSync(join(top, path), 'utf8'),
    protect(path, plaintext) {
      self.write(path, plaintext)
      self.must('kmsfile', 'encrypt', '-i', path)
    },
  }
  self.must('git', 'init', '--quiet', '--initial-branch=main')
  self.must('git', 'init', '--quiet', '--bare', '../other.git')
  self.write('.kmsfile.yaml', `version: 1\nrules: [{ files: ["secrets/**"], keys: [{ age: ${ana.recipient} }] }]\n`)
  return self
}
