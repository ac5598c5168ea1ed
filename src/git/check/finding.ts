import type { Path } from '../../core/tree.ts'

/** What is wrong with one file of a tree, or with how it changed. */
export type Verdict =
  // content, in one tree
  | 'plaintext'
  | 'partly-encrypted'
  | 'stray-comment'
  | 'stray-metadata'
  | 'no-metadata'
  | 'conflict-node'
  | 'conflict-markers'
  | 'duplicate-key'
  | 'unreadable'
  | 'not-sealed'
  | 'leftover'
  | 'link'
  | 'unmerged'
  | 'configuration'
  // integrity, one version compared with another
  | 'structure-changed'
  | 'not-authentic'
  | 'mac-replayed'
  | 'rolled-back'
  | 'data-key-changed'
  | 'nonce-reused'
  | 'recipients-changed'
  | 'selector-changed'
  | 'rule-removed'
  | 'exemption-added'
  | 'side-dropped'
  | 'not-compared'
  | 'not-verified'
  // a secret value found elsewhere
  | 'leak'

/** One thing that a check found. Never holds a value, nor a part of one. */
export interface Finding {
  readonly verdict: Verdict
  /** `refuse` stops what is going on; `note` is said, and stops nothing. */
  readonly severity: 'refuse' | 'note'
  /** From the top of the repository, with `/`. */
  readonly path: string
  /** In the file, 1-based; undefined where the whole file is meant. */
  readonly line?: number | undefined
  /** The keys that lead to the value. */
  readonly keys?: Path | undefined
  /** The commit in which it is, full id; undefined for the index and the work tree. The first one where there are several. */
  readonly commit?: string | undefined
  /** Where history was searched: the last commit that still has it. */
  readonly lastCommit?: string | undefined
  /** Where history was searched: the remotes that have it, as far as is known here. */
  readonly remotes?: readonly string[] | undefined
  /** The id of the content that it was found in, where it is one. */
  readonly object?: string | undefined
  /** What is wrong in a few words, lower case: `not encrypted`. */
  readonly message: string
}

/** What is wrong with a content, wherever it lies. */
export type Flaw = Pick<Finding, 'verdict' | 'severity' | 'line' | 'keys' | 'message'>

/**
 * Something in a file that is no value and can be read, though it could be encrypted or has no business there: a comment, a
 * text in the metadata.
 */
export interface Stray {
  readonly flaw: Flaw
  /** What it says, to find it in another version; nobody is to see it. */
  readonly text: string
}

/** Whether anything of it stops what is going on. */
export function refuses(findings: readonly Pick<Finding, 'severity'>[]): boolean {
  return findings.some(({ severity }) => severity === 'refuse')
}
