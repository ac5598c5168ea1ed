import type { DataKey } from '../../core/data-key.ts'
import type { Document, Node } from '../../core/tree.ts'
import { KmsfileError } from '../../errors.ts'
import { detectFormat } from '../../formats/detect.ts'
import { ENVELOPE_KEY } from '../../formats/format.ts'
import { unwrapDataKey } from '../../keys/keyring.ts'
import { wrappedKeyId } from '../../keys/keyring-session.ts'
import { mentionsEncryption } from '../../operations/inspect.ts'
import { withoutEnvelope } from '../../operations/merge-conflict-node.ts'
import {
  type EncryptedFile,
  openSecrets,
  plaintextOf,
  takeApart,
  treeOfPlaintext,
} from '../../operations/read-secrets.ts'
import { unwrapRoot } from '../../operations/root-key.ts'
import type { Workspace } from '../../operations/workspace.ts'
import { contentFormat, textOf } from '../check/judge-text.ts'
import { redacted } from './redacted.ts'
import { isUnresolved, revealConflict } from './revealed-conflict.ts'
import { headerLines, headerOf, oneLine, type RevealedHeader, type Standing } from './revealed-header.ts'

/** One version of a file as people are shown it. */
export interface Revealed {
  /** `values`: decrypted. `hidden`: every value is a placeholder. `other`: it is not encrypted, or cannot be read. */
  readonly kind: 'values' | 'hidden' | 'other'
  /** Comments that say how it is encrypted, then what is in it. The bytes of the file where they are no text. */
  readonly text: string | Uint8Array
  /** The same without the comments. */
  readonly body: string | Uint8Array
  /** What the comments say; undefined for what is not encrypted. */
  readonly header: RevealedHeader | undefined
  /** Why it is shown as it is, where it should not be: it is not encrypted, or cannot be read. */
  readonly problem?: string | undefined
  /** What is in it, without the envelope; where values are hidden, their envelopes stand for them. */
  readonly documents: readonly Document[] | undefined
}

/** Shows versions of files, as many as are asked for. */
export interface Revealer {
  /**
   * Never fails but where the host's signal aborts: what cannot be opened is hidden, what cannot be read is shown as it is, and
   * a line says so. The name counts for the format alone: git gives other names to files than they have.
   */
  reveal(bytes: Uint8Array, name: string): Promise<Revealed>
}

export interface RevealOptions {
  /** Hides values whose key is at hand. */
  readonly hide?: boolean | undefined
  /** Whether a file that is not encrypted should be: a line says so then. Default: it should. */
  readonly isManaged?: ((name: string) => boolean) | undefined
}

/** The first words of a line of ours. */
const NOTE = '# kmsfile: '

/** Makes a revealer; data keys are remembered as long as it lives. Whom the workspace asks for keys is its own affair. */
export function revealer(workspace: Workspace, { hide = false, isManaged = () => true }: RevealOptions = {}): Revealer {
  const keys = new Map<string, Promise<DataKey | undefined>>()

  /** Undefined where it is not to be had; then nobody is asked a second time. */
  const dataKeyOf = ({ envelope }: EncryptedFile): Promise<DataKey | undefined> => {
    const id = JSON.stringify([envelope.threshold, envelope.groups.map((group) => group.map(wrappedKeyId))])
    const known = keys.get(id)
    if (known !== undefined) return known
    const asked = unwrapDataKey(envelope.groups, workspace.providers, {
      ...workspace.keyring,
      threshold: envelope.threshold,
    }).then(
      ({ dataKey }) => dataKey,
      () => undefined,
    )
    keys.set(id, asked)
    return asked
  }

  return {
    async reveal(bytes, name) {
      if (bytes.length === 0) return asIs('')
      if (!mentionsEncryption(bytes)) return isManaged(name) ? noted('NOT ENCRYPTED', bytes) : asIs(textOrBytes(bytes))
      try {
        const file = readEncrypted(bytes, name)
        const dataKey = hide ? undefined : await dataKeyOf(file)
        if (dataKey === undefined) return hidden(file)
        return await opened(file, dataKey)
      } catch (error) {
        if (!(error instanceof KmsfileError)) throw error
        const why = error.code === 'FILE_NOT_ENCRYPTED' ? 'NOT ENCRYPTED' : `cannot be read: ${error.message}`
        return noted(why, bytes)
      }
    },
  }
}

function readEncrypted(bytes: Uint8Array, name: string): EncryptedFile {
  const text = textOf(bytes)
  if (text === undefined) throw new KmsfileError('it is not UTF-8', { code: 'FORMAT_ENCODING' })
  const format = detectFormat(name, contentFormat(text, name))
  // Git may have changed the line endings on the way to us.
  const lines = /\r\n/.test(text) && !/(?<!\r)\n/.test(text) ? text.replaceAll('\r\n', '\n') : text
  return takeApart(format, format.scan(lines))
}

async function opened(file: EncryptedFile, dataKey: DataKey): Promise<Revealed> {
  if (isUnresolved(file.envelope)) {
    const { body, documents, notes } = await revealConflict(file, dataKey)
    return { kind: 'values', ...withHeader(file, { dataKey, problem: undefined, notes }, body), documents }
  }
  let problem: string | undefined
  const options = { allowAdded: true }
  try {
    const found = await openSecrets(file, dataKey, options).catch((error) => {
      if (!(error instanceof KmsfileError)) throw error
      problem = `BROKEN: ${error.message}`
      // Who looks at a change wants to see what somebody made of the file.
      return openSecrets(file, dataKey, { ...options, ignoreMac: true })
    })
    const { text } = await plaintextOf(found)
    const notes = found.added.length > 0 ? [`NOT ENCRYPTED: ${placesText(found.added.length)}`] : []
    return { kind: 'values', ...withHeader(file, { dataKey, problem, notes }, text), documents: treeOfPlaintext(found) }
  } catch (error) {
    if (!(error instanceof KmsfileError)) throw error
    return hidden(file, problem ?? `BROKEN: ${error.message}`)
  }
}

function placesText(count: number): string {
  return count === 1 ? '1 value that should be' : `${count} values that should be`
}

function hidden(file: EncryptedFile, problem?: string): Revealed {
  const { format, scanned, envelope } = file
  const notes = isUnresolved(envelope) ? ['NOT RESOLVED: kmsfile git resolve FILE'] : []
  const body = redacted(withoutEnvelope(format, scanned))
  const shown = withHeader(file, { dataKey: undefined, problem, notes }, body)
  return { kind: 'hidden', ...shown, documents: scanned.documents.map(withoutEnvelopeNode) }
}

function withHeader(
  file: EncryptedFile,
  standing: Standing,
  plaintext: string,
): Pick<Revealed, 'text' | 'body' | 'header'> {
  const header = headerOf(file.envelope, standing)
  const body = plaintext.replace(/^\ufeff/, '')
  const lines = headerLines(header).map((line) => `${NOTE}${line}\n`)
  return { text: `${lines.join('')}${body}`, body, header }
}

function withoutEnvelopeNode(document: Document): Document {
  const { root } = document
  if (root?.kind !== 'map') return document
  const items = root.items.filter((item) => item.kind === 'comment' || item.key !== ENVELOPE_KEY)
  const own: Node = { ...root, items }
  return { ...document, root: unwrapRoot(own) }
}

/** A file that nobody wants encrypted. */
function asIs(text: string | Uint8Array): Revealed {
  return { kind: 'other', text, body: text, header: undefined, documents: undefined }
}

function noted(problem: string, bytes: Uint8Array): Revealed {
  const body = textOrBytes(bytes)
  const line = `${NOTE}${oneLine(problem)}\n`
  const text = typeof body === 'string' ? `${line}${body}` : new Uint8Array(Buffer.concat([Buffer.from(line), body]))
  return { ...asIs(body), text, problem }
}

function textOrBytes(bytes: Uint8Array): string | Uint8Array {
  return textOf(bytes) ?? bytes
}
