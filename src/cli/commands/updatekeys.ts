import { masterKeyName } from '../../core/master-key.ts'
import { printPlace } from '../../operations/tree-changes.ts'
import { isNeeded, type KeyUpdate, planKeyUpdate, updateKeys } from '../../operations/update-keys.ts'
import type { WrittenFile } from '../../operations/write-secrets.ts'
import { changeOptions, OPENING_OPTIONS, RECIPIENT_OPTIONS, runChange } from '../change-command.ts'
import {
  fullKey,
  keptText,
  placesText,
  recipientConcerns,
  recipientData,
  recipientLines,
  selectorText,
} from '../change-lines.ts'
import type { Cli, Command } from '../command.ts'
import { groupsLabel } from '../key-names.ts'

export const updatekeys: Command = {
  usage: 'updatekeys [files..]',
  summary: 'Make keys, threshold and selector of files those of their rules; values and data key stay.',
  positionals: { files: { type: 'string', array: true, describe: 'files or folders; they are changed in place' } },
  options: {
    ...OPENING_OPTIONS,
    ...RECIPIENT_OPTIONS,
    ...changeOptions({ yes: 'these recipients, these readable values' }),
  },
  examples: [
    ['kmsfile updatekeys secrets/', 'after a change of .kmsfile.yaml'],
    ['kmsfile updatekeys --dry-run --all', 'see which files are not as their rules say'],
  ],
  run: (args, cli) =>
    runChange<KeyUpdate>(args, cli, {
      plan: planKeyUpdate,
      describe,
      isNeeded,
      concerns,
      write: updateKeys,
      tell: (plan, name, result) => tell(cli, name, { plan, result }),
      data,
      afterwards: (done) => tellOfRemoved(cli, done),
    }),
}

function describe(update: KeyUpdate, name: string): readonly string[] {
  if (!isNeeded(update)) return [`${name}: already as configured`]
  const { recipients, unconfirmed, selector, macOnlyEncrypted, target, unsealed } = update
  const { hidden, revealed, hiddenComments, revealedComments } = update
  const lines = [
    ...recipientLines(recipients, { names: target.names, unconfirmed }),
    ...(selector === undefined ? [] : [`selector: ${selectorText(selector.from)} -> ${selectorText(selector.to)}`]),
    ...(macOnlyEncrypted === undefined ? [] : [`mac_only_encrypted: ${!macOnlyEncrypted} -> ${macOnlyEncrypted}`]),
    ...labelled('now encrypted', placesText(hidden, { comments: hiddenComments })),
    ...labelled('now readable', placesText(revealed, { comments: revealedComments })),
    ...(unsealed ? [sealLine(update)] : []),
  ]
  return [`${name}:`, ...lines.map((line) => `  ${line}`)]
}

function sealLine({ opened, unconfirmed }: KeyUpdate): string {
  if (opened.file.integrity !== 'sealed') return 'sops wrote it last; it will be sealed'
  return unconfirmed
    ? 'its recipients were changed without kmsfile; they will be sealed'
    : 'its recipients will be sealed'
}

function labelled(label: string, text: string): readonly string[] {
  return text === '' ? [] : [`${label}: ${text}`]
}

function concerns(update: KeyUpdate): readonly string[] {
  const { opened, recipients, macOnlyEncrypted, revealed, revealedComments, target } = update
  const readable = placesText(revealed, { comments: revealedComments })
  const mustBeSealed = opened.rule?.integrity === 'sealed' && opened.file.integrity !== 'sealed'
  return [
    ...recipientConcerns(recipients, { names: target.names }),
    ...(readable === '' ? [] : [`${readable} will be readable to everybody`]),
    ...(macOnlyEncrypted === true ? ['readable values may then be changed without kmsfile'] : []),
    ...(mustBeSealed ? ['what sops wrote will be sealed as it is'] : []),
  ]
}

function tell(cli: Cli, name: string, { plan, result }: { plan: KeyUpdate; result: WrittenFile }): void {
  const { groups, threshold, names } = plan.target
  const fresh = result.encrypted - result.kept
  const parts = [
    keptText(result.kept),
    ...(fresh > 0 ? [`${fresh} encrypted`] : []),
    ...(plan.revealed.length > 0 ? [`${plan.revealed.length} made readable`] : []),
  ]
  cli.say(`${name}: updated for ${groupsLabel(groups, { names, threshold })}; ${parts.join(', ')}`)
  if (result.whole !== undefined && plan.selector !== undefined) {
    cli.warn(`encrypted as one value, keys and all: ${result.whole}`, { file: name })
  }
}

/** Taking somebody's wrapped key away takes nothing from those who have unwrapped it. */
function tellOfRemoved(cli: Cli, done: readonly { readonly name: string; readonly plan: KeyUpdate }[]): void {
  const files = done.filter(({ plan }) => plan.recipients.removed.length > 0)
  if (files.length === 0) return
  const removed = new Set(
    files.flatMap(({ plan }) => plan.recipients.removed.map((key) => fullKey(key, plan.target.names))),
  )
  const who = [...removed].join(', ')
  const names = files.length > 5 ? 'FILES' : files.map(({ name }) => name).join(' ')
  const keys = files.length === 1 ? 'the data key' : `the data keys of ${files.length} files`
  cli.say(`note: ${who} may have kept ${keys}: kmsfile rotate -i ${names}`)
  cli.say('note: the values so far stay known to whoever has read them: change them at their source')
}

function data(update: KeyUpdate, result: WrittenFile | undefined) {
  const { recipients, unconfirmed, selector, macOnlyEncrypted, hidden, revealed, revealedComments, target } = update
  return {
    keys: target.groups.map((group) => group.map(masterKeyName)),
    ...recipientData(recipients, target.names),
    recipientsConfirmed: !unconfirmed,
    ...(selector !== undefined && { selector }),
    ...(macOnlyEncrypted !== undefined && { macOnlyEncrypted }),
    nowEncrypted: hidden.map(printPlace),
    nowReadable: revealed.map(printPlace),
    ...(revealedComments > 0 && { nowReadableComments: revealedComments }),
    seals: update.unsealed,
    ...(result !== undefined && { encrypted: result.encrypted, kept: result.kept, readable: result.readable }),
  }
}
