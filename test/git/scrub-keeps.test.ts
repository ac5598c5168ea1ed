import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expectNoLeak } from './leaks.ts'
import { repositoryIn, type ScratchRepository, scratchRepository } from './scratch-repository.ts'
import '../seed.ts'

const SECRET = 'correct-horse-battery-staple'
const FILE = 'secrets/prod.yaml'

/** What people do, each with a number that makes it another one than before. */
const STEPS: Readonly<Record<string, (repository: ScratchRepository, n: number) => void>> = {
  commit: (repository, n) => void repository.commit({ [`src/${n % 3}`]: `${n}\n` }),
  amend: (repository, n) => {
    repository.write('src/amended', `${n}\n`)
    repository.git('add', '--all')
    repository.git('commit', '--quiet', '--amend', '--message=amended')
  },
  reset: (repository) => void repository.tryGit(['reset', '--quiet', '--hard', 'HEAD~1']),
  branch: (repository, n) => void repository.git('switch', '--quiet', '--force-create', `b${n % 3}`),
  detach: (repository) => void repository.git('switch', '--quiet', '--detach'),
  stash: (repository, n) => {
    repository.write(`new${n}`, `${n}\n`)
    repository.git('stash', '--quiet', '--include-untracked')
  },
  'drop a stash': (repository) => void repository.tryGit(['stash', 'drop', '--quiet']),
  'tag a content': (repository, n) =>
    void repository.git('tag', '--force', `t${n % 3}`, stored(repository, `tagged ${n}\n`)),
  'tag object': (repository, n) => void repository.git('tag', '--force', '-a', '-m', `${n}`, `a${n % 2}`),
  note: (repository, n) => void repository.git('notes', 'add', '--force', '-m', `${n}`),
  'ref of no kind': (repository, n) =>
    void repository.git('update-ref', `refs/any/${n % 2}`, stored(repository, `any ${n}\n`)),
  staged: (repository, n) => {
    repository.write(`staged${n % 2}`, `${n}\n`)
    repository.git('add', `staged${n % 2}`)
  },
  'forget reflogs': (repository) => void repository.git('reflog', 'expire', '--expire=now', '--all'),
  pack: (repository) => void repository.git('gc', '--quiet'),
  'fetch from a stranger': (repository, n) => {
    const stranger = repositoryIn(join(repository.top, `../stranger${n}`), repository.env)
    mkdirSync(stranger.top)
    stranger.git('init', '--quiet')
    stranger.commit({ f: `fetched ${n}\n` })
    repository.git('fetch', '--quiet', stranger.top)
  },
  'work in another work tree': (repository, n) => {
    const path = `../tree${n % 2}`
    if (!existsSync(join(repository.top, path))) repository.git('worktree', 'add', '--quiet', '--detach', path)
    const other = repositoryIn(join(repository.top, path), repository.env)
    other.commit({ [`tree${n}`]: `${n}\n` })
    other.git('update-ref', 'refs/worktree/mine', stored(other, `own ${n}\n`))
    other.git('update-ref', 'refs/bisect/bad', 'HEAD')
    other.tryGit(['reset', '--quiet', '--hard', 'HEAD~1'])
    other.write(`staged${n}`, `elsewhere ${n}\n`)
    other.git('add', '--all')
  },
  replace: (repository) => {
    const tree = repository.git('write-tree').trim()
    repository.git('replace', '--force', 'HEAD', repository.git('commit-tree', '-m', 'replaced', tree).trim())
  },
  'stage plaintext, and take it back': (repository, n) => {
    repository.write(FILE, `db:\n  user: app${n}\n  password: ${SECRET}\n`)
    repository.git('add', FILE)
    repository.git('rm', '--quiet', '--cached', FILE)
    repository.remove(FILE)
  },
}

test('whatever was done before, scrub removes the plaintext that was staged, and nothing that anything leads to', () => {
  const step = fc.constantFrom(...Object.keys(STEPS))
  fc.assert(
    fc.property(fc.array(step, { minLength: 8, maxLength: 18 }), (names) => {
      const repository = scratchRepository()
      for (const [n, name] of [...names, 'stage plaintext, and take it back'].entries()) STEPS[name]?.(repository, n)
      const wanted = reachable(repository)
      const before = snapshot(repository)
      const { code, stderr } = repository.kmsfile(['git', 'scrub', '--yes'])
      if (code !== 0) throw new Error(stderr)
      expect(missing(repository, wanted)).toEqual([])
      expect(snapshot(repository)).toEqual(before)
      expect(repository.tryGit(['fsck', '--full', '--no-dangling']).code).toBe(0)
      expectNoLeak(repository.top, [SECRET])
    }),
    { numRuns: 10 },
  )
}, 60_000)

function stored(repository: ScratchRepository, input: string): string {
  return repository.tryGit(['hash-object', '-w', '--stdin'], { input }).stdout.trim()
}

/** Whatever refs, reflogs and indexes of all work trees lead to, and what was fetched last: as this test finds it out, not as we do. */
function reachable(repository: ScratchRepository): readonly string[] {
  const gitDir = join(repository.top, '.git')
  const texts = readdirSync(gitDir, { recursive: true, encoding: 'utf8' })
    .filter((name) => /(?:^|\/)(?:HEAD|FETCH_HEAD|logs\/.*)$/.test(name))
    .map((name) => join(gitDir, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'latin1'))
  const trees = readdirSync(join(repository.top, '..')).filter((name) => /^tree\d$/.test(name))
  for (const tree of ['.', ...trees.map((name) => `../${name}`)]) {
    texts.push(repository.git('-C', tree, 'for-each-ref'), repository.git('-C', tree, 'ls-files', '--stage'))
  }
  const ids = [...new Set(texts.flatMap((text) => text.match(/\b[0-9a-f]{40}\b/g) ?? []))]
  // Reflogs may name what is gone already, and the commit before the first.
  const gone = new Set(missing(repository, ids))
  const there = ids.filter((id) => !gone.has(id))
  const args = ['--no-replace-objects', 'rev-list', '--objects', '--no-object-names', '--stdin']
  const { stdout, stderr, code } = repository.tryGit(args, { input: there.join('\n') })
  if (code !== 0) throw new Error(stderr)
  return [...new Set([...there, ...stdout.trim().split('\n')])]
}

function missing(repository: ScratchRepository, ids: readonly string[]): readonly string[] {
  const { stdout } = repository.tryGit(['cat-file', '--batch-check'], { input: `${ids.join('\n')}\n` })
  return stdout.split('\n').flatMap((line) => (line.endsWith(' missing') ? [line.slice(0, 40)] : []))
}

/** All that is not in the object store. */
function snapshot(repository: ScratchRepository): unknown {
  return [
    repository.git('for-each-ref'),
    repository.git('reflog', '--all', '--format=%H %gd %gs'),
    repository.git('stash', 'list', '--format=%H %gd'),
    repository.git('status', '--porcelain'),
    repository.git('ls-files', '--stage'),
  ]
}
