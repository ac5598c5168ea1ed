import { createHash } from 'node:crypto'
import { printPath } from '../../core/path.ts'
import type { Finding, Verdict } from './finding.ts'

/** What each verdict means, for who reads it beside the code. */
const RULES: Readonly<Record<Verdict, string>> = {
  plaintext: 'A file that the rules want encrypted holds plaintext',
  'partly-encrypted': 'A value of an encrypted file is readable, though it should be encrypted',
  'stray-comment': 'A comment of an encrypted file is readable',
  'stray-metadata': 'The metadata of an encrypted file hold a readable text that neither sops nor kmsfile writes',
  'no-metadata': 'Values are encrypted, and the metadata with the wrapped data key is missing',
  'conflict-node': 'A merge of an encrypted file is not resolved',
  'conflict-markers': 'A file holds the marks of a merge',
  'duplicate-key': 'A key is repeated in a map',
  unreadable: 'An encrypted file cannot be read',
  'not-sealed': 'A file has no seal, and its rule asks for one',
  leftover: 'An editor or a tool left a copy of a secrets file',
  link: 'A link stands where a secrets file is expected',
  unmerged: 'The merge of a secrets file is not resolved',
  configuration: 'A configuration cannot be read, so that its rules cannot be heeded',
  'structure-changed': 'Keys, readable values or rules of a file changed under an unchanged MAC',
  'not-authentic': 'MAC or seal of a file do not fit what it holds',
  'mac-replayed': 'A file has the MAC of an earlier version, and is not that version',
  'rolled-back': 'A file is an earlier version of itself',
  'data-key-changed': 'A file is under another data key than before',
  'nonce-reused': 'A nonce encrypts more than one text under one data key',
  'recipients-changed': 'Other keys than before can open a file',
  'selector-changed': 'Other values of a file than before are encrypted',
  'rule-removed': 'The rule for a file is removed, and the file is not encrypted',
  'exemption-added': 'A file may hold plaintext from now on',
  'side-dropped': 'What one side of a merge changed is dropped',
  'not-compared': 'A version could not be compared with those before',
  'not-verified': 'A file could not be opened and verified with the keys at hand',
  leak: 'A secret value was found outside of its file',
}

/**
 * What a check found as SARIF 2.1.0, for code review tools: `refuse` is an error, `note` a note. Every verdict is a rule, named
 * `kmsfile/VERDICT`.
 */
export function reportSarif(findings: readonly Finding[], { version }: { readonly version: string }) {
  const rules = Object.entries(RULES).map(([verdict, text]) => ({
    id: ruleId(verdict),
    shortDescription: { text },
  }))
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'kmsfile', semanticVersion: version, rules } },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { SRCROOT: { description: { text: 'The top of the repository' } } },
        results: results(findings),
      },
    ],
  }
}

/** Several findings at one place of a file are told apart by their order, which stays when lines move. */
function results(findings: readonly Finding[]) {
  const seen = new Map<string, number>()
  return findings.map((finding) => {
    const { verdict, path, keys } = finding
    const place = JSON.stringify([verdict, path, keys === undefined ? '' : printPath(keys)])
    const count = seen.get(place) ?? 0
    seen.set(place, count + 1)
    return result(finding, fingerprint(count === 0 ? place : `${place} ${count}`))
  })
}

function result(finding: Finding, id: string) {
  const { verdict, severity, path, line, keys, commit, lastCommit, remotes, message } = finding
  const place = keys === undefined ? undefined : printPath(keys)
  return {
    ruleId: ruleId(verdict),
    ruleIndex: Object.keys(RULES).indexOf(verdict),
    level: severity === 'refuse' ? 'error' : 'note',
    message: { text: place === undefined ? message : `${place}: ${message}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(path), uriBaseId: 'SRCROOT' },
          ...(line !== undefined && { region: { startLine: line } }),
        },
        ...(place !== undefined && { logicalLocations: [{ fullyQualifiedName: place, kind: 'member' }] }),
      },
    ],
    // The line may move; a finding stays the same one.
    partialFingerprints: { 'kmsfile/v1': id },
    ...(commit !== undefined && {
      properties: {
        commit,
        ...(lastCommit !== undefined && { lastCommit }),
        ...(remotes !== undefined && { remotes }),
      },
    }),
  }
}

function ruleId(verdict: string): string {
  return `kmsfile/${verdict}`
}

/** A relative reference, in which nothing of a name can mean something else. */
function uriOf(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
