import { planAcceptance } from '../../operations/accept-edit.ts'
import { compareRecipients, recipientsOf } from '../../operations/recipients.ts'
import { planSeal, type Sealing, seal as sealFile } from '../../operations/seal-file.ts'
import { printPlace } from '../../operations/tree-changes.ts'
import type { WrittenFile } from '../../operations/write-secrets.ts'
import { changeOptions, OPENING_OPTIONS, runChange } from '../change-command.ts'
import {
  fullKey,
  keptText,
  placesText,
  recipientConcerns,
  recipientData,
  recipientLines,
  selectorText,
  treeLines,
} from '../change-lines.ts'
import type { Cli, Command } from '../command.ts'
import { counted } from '../words.ts'

const NO_NAMES: ReadonlyMap<string, string> = new Map()

export const seal: Command = {
  usage: 'seal [files..]',
  summary: 'Seal files that sops wrote; with --accept, files that somebody changed by hand.',
  positionals: { files: { type: 'string', array: true, describe: 'files or folders; they are changed in place' } },
  options: {
    accept: { type: 'boolean', describe: 'accept an edit by hand, after showing what it changed' },
    ...OPENING_OPTIONS,
    ...changeOptions({ yes: 'the edit is yours', change: 'be sealed' }),
  },
  examples: [
    ['kmsfile seal secrets/', 'after sops wrote them'],
    ['kmsfile seal --accept secrets/prod.yaml', 'after an edit of its readable parts by hand'],
  ],
  run: (args, cli) =>
    runChange<Sealing>(args, cli, {
      plan: args['accept'] === true ? planAcceptance : planSeal,
      describe: (sealing, name) => describe(sealing, name, cli),
      isNeeded,
      concerns,
      write: sealFile,
      tell: (_sealing, name, result) => tell(cli, name, result),
      data,
    }),
}

function isNeeded({ reason }: Sealing): boolean {
  return reason !== undefined
}

function describe(sealing: Sealing, name: string, cli: Cli): readonly string[] {
  const { opened, reason, changes, selectorOfRule, newDataKey, isReprinted } = sealing
  if (reason === undefined) return [`${name}: already sealed`]
  const { envelope } = opened.file
  if (selectorOfRule !== undefined) {
    cli.warn(
      `THE SELECTOR, which says what is encrypted, is ${selectorText(envelope.selector)}; the rule wants ${selectorText(selectorOfRule)}`,
      { file: name },
    )
  }
  if (newDataKey) cli.warn('its data key is not that of the last commit', { file: name })
  if (isReprinted) cli.warn('its layout cannot be kept: the values will be printed anew', { file: name })
  const since = changes === undefined ? 'no earlier version to compare with' : undefined
  return [
    `${name}: ${REASONS[reason]}`,
    ...[...factLines(sealing), ...(since === undefined ? sinceLines(sealing) : [since])].map((line) => `  ${line}`),
  ]
}

const REASONS: Readonly<Record<NonNullable<Sealing['reason']>, string>> = {
  sops: 'sops wrote it last',
  recipients: 'its recipients are not sealed',
  edited: 'changed by hand',
}

/** What the seal will say holds. */
function factLines({ opened, added, target }: Sealing): readonly string[] {
  const { file, rule } = opened
  const { selector, macOnlyEncrypted } = file.envelope
  const names = rule?.names ?? NO_NAMES
  const groups = target?.groups ?? recipientsOf(opened).groups
  return [
    `${counted(file.values.length, 'value')} encrypted, as ${selectorText(selector)} says${macOnlyEncrypted ? ', readable ones not sealed' : ''}`,
    ...(added.length === 0 ? [] : [`in plaintext, to be encrypted: ${placesText(added)}`]),
    `for ${groups.map((group) => group.map((key) => fullKey(key, names)).join(', ')).join(' | ')}`,
  ]
}

/** What became different since the version it is compared with. */
function sinceLines(sealing: Sealing): readonly string[] {
  const { opened, changes = [], selectorBefore, macOnlyEncryptedBefore, recipientsSince, target } = sealing
  const { file, rule } = opened
  const names = rule?.names ?? NO_NAMES
  const lines = [
    ...(selectorBefore === undefined
      ? []
      : [`selector: ${selectorText(selectorBefore)} -> ${selectorText(file.envelope.selector)}`]),
    ...(macOnlyEncryptedBefore === undefined
      ? []
      : [`mac_only_encrypted: ${macOnlyEncryptedBefore} -> ${!macOnlyEncryptedBefore}`]),
    ...(recipientsSince === undefined || target !== undefined ? [] : recipientLines(recipientsSince, { names })),
    ...(target === undefined
      ? []
      : recipientLines(compareRecipients(recipientsOf(opened), target), { names, unconfirmed: true })),
    ...treeLines(changes),
  ]
  return lines.length === 0 ? ['as in the last version that verifies'] : lines
}

function concerns(sealing: Sealing): readonly string[] {
  const { opened, reason, changes, selectorOfRule, target } = sealing
  const names = opened.rule?.names ?? NO_NAMES
  return [
    ...(reason === 'edited' ? [editConcern(changes)] : []),
    ...(selectorOfRule === undefined
      ? []
      : [`the selector ${selectorText(opened.file.envelope.selector)} is not that of the rule`]),
    ...(target === undefined ? [] : recipientConcerns(compareRecipients(recipientsOf(opened), target), { names })),
  ]
}

function editConcern(changes: Sealing['changes']): string {
  if (changes === undefined) return 'an edit by hand will be accepted, with nothing to compare it with'
  return `an edit by hand will be accepted: ${counted(changes.length, 'change')}`
}

function tell(cli: Cli, name: string, { kept, encrypted, whole }: WrittenFile): void {
  const fresh = encrypted - kept
  cli.say(`${name}: sealed, ${keptText(kept)}${fresh > 0 ? `, ${fresh} encrypted` : ''}`)
  if (whole !== undefined) cli.warn(`encrypted as one value, keys and all: ${whole}`, { file: name })
}

function data(sealing: Sealing, result: WrittenFile | undefined) {
  const { opened, reason, changes, added, selectorOfRule, selectorBefore, newDataKey, target } = sealing
  const names = opened.rule?.names ?? NO_NAMES
  return {
    ...(reason !== undefined && { reason }),
    values: opened.file.values.length,
    selector: opened.file.envelope.selector,
    ...(selectorBefore !== undefined && { selectorBefore }),
    ...(selectorOfRule !== undefined && { selectorOfRule }),
    ...(newDataKey && { newDataKey }),
    ...(target !== undefined && recipientData(compareRecipients(recipientsOf(opened), target), names)),
    ...(added.length > 0 && { nowEncrypted: added.map((place) => printPlace(place)) }),
    ...(changes !== undefined && {
      changes: changes.map((change) => ({
        kind: change.kind,
        path: printPlace(change),
        ...(change.kind === 'moved' && { from: printPlace(change.from) }),
        ...('how' in change && { how: change.how, ...(change.ofKey === true && { ofKey: true }) }),
      })),
    }),
    ...(result !== undefined && { encrypted: result.encrypted, kept: result.kept, readable: result.readable }),
  }
}
