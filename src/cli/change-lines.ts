import { type MasterKey, masterKeyIdentity, masterKeyName } from '../core/master-key.ts'
import type { Selector } from '../core/selection.ts'
import type { Quorum, RecipientChanges } from '../operations/recipients.ts'
import { type PropertyDifference, printPlace, type TreeChange, type TreePlace } from '../operations/tree-changes.ts'
import { shortKey } from './key-names.ts'
import { counted } from './words.ts'

type Names = ReadonlyMap<string, string>

/** What is listed in talk; `--json` lists everything. */
const MAX_LISTED = 20

/**
 * A master key as people should see it before they agree to it: with the name that the configuration gives it, or else in
 * full, since a few letters of a key are soon found to fit.
 */
export function fullKey(key: MasterKey, names: Names): string {
  const name = names.get(masterKeyIdentity(key))
  return `${name === undefined ? masterKeyName(key) : `${name} (${shortKey(key)})`}${detailsOf(key)}`
}

/** One line for each recipient that comes or goes, and for how many must take part. */
export function recipientLines(
  { added, removed, quorum, regrouped }: RecipientChanges,
  { names, unconfirmed = false }: { names: Names; unconfirmed?: boolean },
): readonly string[] {
  const unknown = unconfirmed ? ': in the file, but neither in the rule nor sealed' : ''
  return [
    ...added.map((key) => `+ ${fullKey(key, names)}`),
    ...removed.map((key) => `- ${fullKey(key, names)}${unknown}`),
    ...(quorum === undefined ? [] : [`key groups needed: ${quorumText(quorum.from)} -> ${quorumText(quorum.to)}`]),
    ...(regrouped ? ['keys move to other groups'] : []),
  ]
}

/** What somebody has to agree to where recipients change. `losses`: also to who can open it no more. */
export function recipientConcerns(
  { added, removed, quorum, regrouped }: RecipientChanges,
  { names, losses = false }: { names: Names; losses?: boolean },
): readonly string[] {
  return [
    ...added.map((key) => `${fullKey(key, names)} will be able to open it`),
    ...(losses ? removed.map((key) => `${fullKey(key, names)} will not be able to open it`) : []),
    ...(quorum === undefined || quorum.from.groups === 1
      ? []
      : [`${quorumText(quorum.to)} key groups will open it, not ${quorumText(quorum.from)}`]),
    ...(regrouped ? ['keys move to other groups'] : []),
  ]
}

/** A selector as people know it. */
export function selectorText({ kind, text }: Selector): string {
  return `${kind} ${JSON.stringify(text)}`
}

/** Places on one line, the first of many, and how many comments there are besides. */
export function placesText(places: readonly TreePlace[], { comments = 0 }: { comments?: number } = {}): string {
  const more = places.length - MAX_LISTED
  return [
    ...places.slice(0, MAX_LISTED).map(printPlace),
    ...(more > 0 ? [`${more} more`] : []),
    ...(comments > 0 ? [counted(comments, 'comment')] : []),
  ].join(', ')
}

/** What stayed as it was, for the person who reads the diff. */
export function keptText(count: number): string {
  return `${counted(count, 'value')} kept ${count === 1 ? 'its' : 'their'} bytes`
}

/** A line for each difference between two trees. */
export function treeLines(changes: readonly TreeChange[]): readonly string[] {
  const lines = changes.slice(0, MAX_LISTED).map(treeLine)
  const more = changes.length - MAX_LISTED
  return more > 0 ? [...lines, `and ${more} more`] : lines
}

function treeLine(change: TreeChange): string {
  const place = printPlace(change)
  switch (change.kind) {
    case 'added':
      return `+ ${place}`
    case 'removed':
      return `- ${place}`
    case 'changed':
      return `~ ${place}: another value`
    case 'retyped':
      return `~ ${place}: another type`
    case 'respelled':
      return `~ ${place}: the same value, spelled in another way`
    case 'reordered':
      return `~ ${place}: another order of keys`
    case 'moved':
      return `~ ${printPlace(change.from)} -> ${place}`
    case 'retagged':
      return `~ ${place}: ${propertyText('tag', change)}`
    case 'reanchored':
      return `~ ${place}: ${propertyText('anchor', change)}`
    case 'realiased':
      return `~ ${place}: ${propertyText('alias', change)}`
    case 'directives':
      return `~ ${place}: other directives`
    default:
      return change satisfies never
  }
}

function propertyText(property: string, { how, ofKey }: { how: PropertyDifference; ofKey?: boolean }): string {
  const owner = ofKey === true ? ' on its key' : ''
  if (how === 'gone') return `no ${property}${owner} any more`
  return `${how === 'new' ? 'a new' : 'another'} ${property}${owner}`
}

/** The fields of recipients that change, as `--json` prints them. */
export function recipientData({ added, removed, quorum }: RecipientChanges, names: Names) {
  const keyData = (key: MasterKey) => {
    const name = names.get(masterKeyIdentity(key))
    return { ...(name !== undefined && { name }), key: masterKeyName(key) }
  }
  return {
    added: added.map(keyData),
    removed: removed.map(keyData),
    ...(quorum !== undefined && { threshold: quorum }),
  }
}

function quorumText({ needed, groups }: Quorum): string {
  return `${needed} of ${groups}`
}

// Two keys may differ in nothing else.
function detailsOf(key: MasterKey): string {
  if (key.type !== 'aws-kms') return ''
  const context = Object.entries(key.encryptionContext ?? {}).map(([name, value]) => `${name}=${value}`)
  const details = [
    ...(context.length > 0 ? [`context ${context.join(', ')}`] : []),
    ...(key.profile === undefined || key.profile === '' ? [] : [`profile ${key.profile}`]),
  ]
  return details.length === 0 ? '' : ` with ${details.join(', ')}`
}
