import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MergeRepository } from './merge-repository.ts'
import { isolated, repositoryIn, type ScratchRepository } from './scratch-repository.ts'

/** A repository with the same history, in which every encrypted file is what git shows of it: comments, then its values. */
export function plainTwin(repository: MergeRepository): ScratchRepository {
  const { git, home, kmsfile } = repository
  const top = join(home, 'twin')
  git('init', '--quiet', '--initial-branch=main', top)
  const twin = repositoryIn(top, isolated(home))
  // What is compared are not the places at which git cuts among equally short answers.
  twin.git('config', 'diff.indentHeuristic', 'false')
  // Behind the numbers of a hunk git shows what its driver takes for the name of a function.
  twin.git('config', 'diff.kmsfile.xfuncname', '^[[:space:]]*([A-Za-z0-9_.-]+):')
  twin.write('.git/info/attributes', 'secrets/** diff=kmsfile\n')
  const known = new Map<string, string>()
  const blobIn = (id: string, path: string): string => {
    const found = known.get(id)
    if (found !== undefined) return found
    const file = join(home, path.slice(path.lastIndexOf('/') + 1))
    writeFileSync(file, Buffer.from(git('cat-file', 'blob', id)))
    const content = path.startsWith('secrets/')
      ? kmsfile(['git', 'textconv', file]).stdout
      : git('cat-file', 'blob', id)
    const blob = twin.tryGit(['hash-object', '-w', '--stdin'], { input: content }).stdout.trim()
    known.set(id, blob)
    return blob
  }
  const commits = new Map<string, string>()
  for (const line of git('rev-list', '--topo-order', '--reverse', '--parents', '--all').trim().split('\n')) {
    const [commit = '', ...parents] = line.split(' ')
    const entries = git('ls-tree', '-r', '-z', commit).split('\0').filter(Boolean)
    const index = entries.map((entry) => {
      const [, mode, id = '', path = ''] = /^(\d+) blob (\w+)\t(.*)$/s.exec(entry) ?? []
      return `${mode} ${blobIn(id, path)}\t${path}\0`
    })
    const env = { GIT_INDEX_FILE: join(home, 'twin.index') }
    twin.tryGit(['read-tree', '--empty'], { env })
    twin.tryGit(['update-index', '-z', '--index-info'], { env, input: index.join('') })
    const tree = twin.tryGit(['write-tree'], { env }).stdout.trim()
    const date = git('show', '--no-patch', '--format=%ct +0000', commit).trim()
    const made = twin.tryGit(
      [
        'commit-tree',
        tree,
        ...parents.flatMap((parent) => ['-p', commits.get(parent) as string]),
        '-m',
        git('show', '--no-patch', '--format=%s', commit).trim(),
      ],
      { env: { GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: date } },
    )
    commits.set(commit, made.stdout.trim())
  }
  for (const ref of git('for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads').trim().split('\n')) {
    const [id = '', name = ''] = ref.split(' ')
    twin.git('update-ref', name, commits.get(id) as string)
  }
  return twin
}

/** What git printed, without what differs for ciphertext: ids. In merges, git asks no driver for names of functions. */
export function comparable(text: string): string {
  return text
    .replace(/^(.*)index [0-9a-f,]+\.\.[0-9a-f]+/gm, '$1index')
    .replace(/^([^@\n]*(@@@+) [-+,\d ]+ \2)(\x1b\[m)?.*$/gm, '$1')
}
