import { shellWord } from '../../host/shell-words.ts'
import type { Finding, Verdict } from './finding.ts'
import { formatOf } from './judge-demand.ts'
import type { Occasion } from './report-text.ts'
import { shownPath } from './report-words.ts'

/** Files that a command names; more are left to whoever reads it. */
const MAX_NAMED = 5

/** What to do about findings, a line for each kind of trouble, the first trouble first. */
export function fixesOf(findings: readonly Finding[], { done }: Pick<Occasion, 'done'>): readonly string[] {
  const kinds = new Map<string, Set<string>>()
  for (const { verdict, path } of findings.filter((each) => each.path !== '')) {
    const kind = kindOf(verdict, path)
    kinds.set(kind, (kinds.get(kind) ?? new Set()).add(path))
  }
  const fixes = [...kinds].flatMap(([kind, paths]) => fixOf(kind as Kind, [...paths], done === 'committed'))
  const [first] = findings
  if (first?.commit === undefined) return fixes
  const start = `git rebase -i ${first.commit.slice(0, 10)}^`
  const left = done === 'pushed' ? ', before it leaves this machine' : ''
  return [`take it out of the commit that brings it${left}: ${start}`, ...fixes]
}

type Kind = keyof typeof FIXES

function kindOf(verdict: Verdict, path: string): Kind {
  const isOurs = formatOf(path) !== undefined
  if (verdict === 'plaintext' && isOurs) return 'encrypt'
  if ((verdict === 'plaintext' || verdict === 'partly-encrypted') && !isOurs) return 'format'
  if (verdict.startsWith('stray-') && !isOurs) return 'remove'
  return Object.hasOwn(FIXES, verdict) ? (verdict as Kind) : 'compare'
}

const FIXES = {
  encrypt: (files: string, staged: boolean) => `kmsfile encrypt -i ${files}${staged ? ` && git add ${files}` : ''}`,
  'partly-encrypted': (files: string, staged: boolean) =>
    `see what changed, and have it encrypted: kmsfile seal --accept ${files}${staged ? ` && git add ${files}` : ''}`,
  format: (files: string) =>
    `only YAML and JSON can be encrypted so far; move ${files}, or exempt it in .kmsfile.yaml with a reason`,
  'rule-removed': (files: string, staged: boolean) =>
    `encrypt it, or take the rule away in a change of its own first: git restore ${staged ? '--staged ' : ''}-- ${files}`,
  'stray-comment': (files: string, staged: boolean) =>
    `take the comment out, or have it encrypted: kmsfile rotate -i ${files}${staged ? ` && git add ${files}` : ''}`,
  'stray-metadata': (files: string, staged: boolean) =>
    `have the metadata written anew: kmsfile rotate -i ${files}${staged ? ` && git add ${files}` : ''}`,
  remove: (files: string) => `take it out of ${files}`,
  leftover: (files: string) => `git rm --cached -- ${files}`,
  'conflict-node': (files: string) => `kmsfile git resolve ${files}`,
  'conflict-markers': (files: string) => `kmsfile git resolve ${files}`,
  unmerged: (files: string) => `kmsfile git resolve ${files}`,
  'not-sealed': (files: string, staged: boolean) => `kmsfile seal ${files}${staged ? ` && git add ${files}` : ''}`,
  'structure-changed': (files: string, staged: boolean) =>
    `see what changed, and accept it if it was you: kmsfile seal --accept ${files}${staged ? ` && git add ${files}` : ''}`,
  'not-authentic': (files: string, staged: boolean) =>
    `see what changed, and accept it if it was you: kmsfile seal --accept ${files}${staged ? ` && git add ${files}` : ''}`,
  'recipients-changed': (files: string) =>
    `see who they are and make them those of the rule: kmsfile updatekeys ${files}`,
  'nonce-reused': (files: string, staged: boolean) =>
    `kmsfile rotate -i ${files}${staged ? ` && git add ${files}` : ''}`,
  'selector-changed': (files: string) =>
    `change the rule first, in a change of its own, then: kmsfile updatekeys ${files}`,
  leak: (files: string) => `change these values at their source, and take them out of ${files || 'the message'}`,
  configuration: () => '',
  compare: (files: string) => `compare with the last good version: git log -p -- ${files}`,
} as const

function fixOf(kind: Kind, paths: readonly string[], staged: boolean): readonly string[] {
  const some = paths.slice(0, MAX_NAMED)
  const names = kind === 'format' ? some.map(shownPath).join(', ') : some.map(shellWord).join(' ')
  const text = FIXES[kind](paths.length > MAX_NAMED ? `${names} ...` : names, staged)
  return text === '' ? [] : [text]
}
