import { describe, expect, test } from 'vitest'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'
import { comparable, plainTwin } from './plain-twin.ts'

const OTHER = 'secrets/other.yaml'

/** Twelve values, some of them changed. */
function values(changes: Readonly<Record<string, string>> = {}): string {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l']
  return names.map((name) => `${name}: ${changes[name] ?? `secret-${name}`}\n`).join('')
}

/** A merge whose result is whatever somebody makes of it. */
async function mergedBy(repository: MergeRepository, others: readonly string[], result: () => Promise<void> | void) {
  repository.git('merge', '--quiet', '--no-commit', '--strategy=ours', ...others)
  await result()
  repository.commit({}, 'merge')
}

const HISTORIES: Readonly<Record<string, (repository: MergeRepository) => Promise<void>>> = {
  async 'two branches that the driver merged'(repository) {
    await repository.saved(values())
    await repository.branch('feature', () => repository.saved(values({ a: 'theirs' })))
    await repository.saved(values({ l: 'ours' }))
    expect(repository.merge('feature').code).toBe(0)
  },
  async 'a conflict that somebody resolved in a third way'(repository) {
    await repository.saved(values())
    await repository.branch('feature', () => repository.saved(values({ a: 'theirs', f: 'x' })))
    await repository.saved(values({ a: 'ours', l: 'y' }))
    await mergedBy(repository, ['feature'], () => repository.save(values({ a: 'both', f: 'x', l: 'y' })))
  },
  async 'a merge that has something of its own'(repository) {
    await repository.saved(values())
    await repository.branch('feature', () => repository.saved(values({ b: 'theirs' })))
    await repository.saved(values({ c: 'ours' }))
    await mergedBy(repository, ['feature'], () => repository.save(`${values({ b: 'theirs', c: 'ours' })}m: evil\n`))
  },
  async 'an octopus'(repository) {
    await repository.saved(values())
    await repository.branch('one', () => repository.saved(values({ a: 'one', d: 'one' })))
    await repository.branch('two', () => repository.saved(values({ a: 'two', g: 'two' })))
    await repository.branch('three', () => repository.saved(values().replace('e: secret-e\n', '')))
    await repository.saved(values({ a: 'main' }))
    await mergedBy(repository, ['one', 'two', 'three'], () =>
      repository.save(values({ a: 'four', d: 'one', g: 'two' }).replace('e: secret-e\n', '')),
    )
  },
  async 'a merge of merges'(repository) {
    await repository.saved(values())
    await repository.branch('feature', () => repository.saved(values({ a: 'theirs' })))
    await repository.saved(values({ a: 'ours' }))
    await repository.branch('crossed', () =>
      mergedBy(repository, ['feature'], () => repository.save(values({ a: 'left' }))),
    )
    await mergedBy(repository, ['feature'], () => repository.save(values({ a: 'right' })))
    await mergedBy(repository, ['crossed'], () => repository.save(values({ a: 'right', b: 'too' })))
  },
  async 'files of several kinds, made, renamed and removed'(repository) {
    await repository.saved(values())
    await repository.saved('# note\nA: 1\nB: two words\n', OTHER)
    repository.commit({ 'README.md': 'one\ntwo\n' })
    await repository.branch('feature', async () => {
      repository.git('mv', FILE, 'secrets/renamed.yaml')
      await repository.saved(values({ a: 'renamed' }), 'secrets/renamed.yaml')
      await repository.saved('{\n  "x": [1, 2.5, null]\n}\n', 'secrets/new.json')
    })
    await repository.saved('# note\nA: 1\nB: two words\nC: 3\n', OTHER)
    await mergedBy(repository, ['feature'], async () => {
      repository.git('rm', '--quiet', '--force', FILE)
      await repository.save('# other note\nA: 1\nB: three words\nC: 3\n', OTHER)
      await repository.save(values({ a: 'renamed' }), 'secrets/renamed.yaml')
      repository.write('README.md', 'one\ntwo\nthree\n')
    })
  },
  async 'a value of many lines without a break at the end'(repository) {
    const pem = (line: string) => `cert: |-\n  ${'A'.repeat(8)}\n  ${line}\n  ${'C'.repeat(8)}`
    await repository.saved(pem('B'))
    await repository.branch('feature', () => repository.saved(pem('D')))
    await repository.saved(pem('E'))
    await mergedBy(repository, ['feature'], () => repository.save(pem('F')))
  },
}

describe.each(Object.entries(HISTORIES))('%s', (_, make) => {
  test('shows what git would show if nothing were encrypted', async () => {
    const repository = mergeRepository()
    await make(repository)
    const twin = plainTwin(repository)
    for (const args of [
      ['show', '--format=%s'],
      ['show', '--format=%s', '-c', '-U1'],
      ['log', '--format=%s', '--topo-order', '-p', '--cc', '--all'],
      ['log', '--format=%s', '--topo-order', '-p', '-m', '--graph'],
      ['log', '--format=%s', '--topo-order', '--cc', '-p', '--graph', '--stat'],
      ['log', '--format=%s', '--topo-order', '-p', '--cc', '--color=always', '--combined-all-paths'],
    ]) {
      // How alike two files are, is another question for ciphertext.
      const { code, stdout, stderr } = repository.kmsfile(['git', ...args, '--no-renames'])
      const wanted = twin.git(...args, '--no-renames')
      // The lines of statistics are those of the ciphertext.
      const shown = (text: string) =>
        comparable(text)
          .replaceAll('\x1b[32m+\x1b[m\x1b[32m', '\x1b[32m+')
          .replace(/^.*(?:\|[ \d]|changed,).*\n/gm, '')
      expect({ args, code, stderr, out: shown(stdout) }).toEqual({ args, code: 0, stderr: '', out: shown(wanted) })
    }
  })
})
