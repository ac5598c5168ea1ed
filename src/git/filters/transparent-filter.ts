import { keyIdOf } from '../../core/layout.ts'
import { KmsfileError } from '../../errors.ts'
import { detectFormat } from '../../formats/detect.ts'
import { decodeText } from '../../host/utf8.ts'
import { encrypt } from '../../operations/encrypt.ts'
import { refuseReplay } from '../../operations/file-history.ts'
import { mentionsEncryption } from '../../operations/inspect.ts'
import {
  type OpenedSource,
  openSource,
  openToRead,
  plaintextOfSource,
  refuseChangedRecipients,
  rewrite,
} from '../../operations/secrets-file.ts'
import type { Workspace } from '../../operations/workspace.ts'
import type { Repository } from '../../vcs/repository.ts'
import type { Finding } from '../check/finding.ts'
import type { Guard } from './filter-guard-judge.ts'
import type { Conversion, Filter } from './filter-process.ts'
import type { IsChosen } from './transparent-chosen.ts'
import { placeOf } from './transparent-paths.ts'
import { AMBIGUOUS, asKmsfileError, isAmbiguous, storedSource } from './transparent-text.ts'
import {
  MAX_TRANSPARENT_BYTES,
  type StoredVersion,
  type StoredVersions,
  startConversions,
  storedVersions,
} from './transparent-versions.ts'

export interface TransparentOptions {
  /** Which files the user wants to lie in the work tree as plaintext; all others pass as they are, if the guard lets them. */
  readonly isChosen: IsChosen
  /** Judges what is ciphertext already. */
  readonly guard: Guard
  /** Says what the guard refuses, and whether anything of it is not to be let pass. */
  readonly refuse: (findings: readonly Finding[]) => boolean
  /** Told why a file was not converted: `kept`, it stays ciphertext in the work tree; `refused`, git gets nothing. */
  readonly tell: (what: 'kept' | 'refused', error: KmsfileError) => void
}

/** Must be closed. */
export interface TransparentFilter extends Filter {
  smudge(path: string): Promise<Conversion>
  close(): void
}

/** The plaintext of a version that git has, with all that is needed to change it. */
interface OpenedVersion {
  readonly version: StoredVersion
  readonly opened: OpenedSource
  readonly plaintext: Uint8Array
}

/**
 * The filter of files that lie in the work tree as plaintext and that git has as ciphertext alone. Must be closed.
 *
 * A plaintext that is that of a version git has becomes this very version, byte for byte, so that no file ever differs without
 * an edit; any other becomes what `edit` would have made of it. What cannot be encrypted, git does not get. What cannot be
 * decrypted lies in the work tree as it is: a checkout never fails for it.
 *
 * Whom the workspace asks for keys is its own affair.
 */
export function transparentFilter(
  own: Workspace,
  repository: Repository,
  options: TransparentOptions,
): TransparentFilter {
  // What is converted here is no file of the work tree that somebody has named.
  const workspace: Workspace = { ...own, encryptedVersions: undefined }
  const { isChosen } = options
  const versions = storedVersions(repository)
  const conversions = startConversions()
  const context: Context = { ...options, workspace, repository, versions }

  const convert = async (path: string, content: Uint8Array | undefined): Promise<Uint8Array | undefined> => {
    if (content === undefined) throw tooLarge()
    if (content.length === 0) return content
    if (!isChosen(path) || mentionsEncryption(content)) return passGuarded(context, path, content)
    const known = conversions.get(path, content)
    if (known !== undefined) return known
    const result = await encrypted(context, path, content)
    if (result !== undefined && result !== content) conversions.add(path, content, result)
    return result
  }
  const reveal = async (path: string, content: Uint8Array): Promise<Uint8Array> => {
    const opened = await openToRead(workspace, storedSource(repository, path, content))
    const plaintext = Buffer.from(await plaintextOfSource(workspace, opened))
    if (isAmbiguous(plaintext)) throw ambiguous()
    conversions.add(path, plaintext, content)
    return plaintext
  }
  return {
    clean: async (path) => ({
      maxBytes: MAX_TRANSPARENT_BYTES,
      convert: (content) => convert(path, content).catch((error) => void options.tell('refused', named(error, path))),
    }),
    smudge: async (path) => ({
      maxBytes: undefined,
      async convert(content = new Uint8Array()) {
        if (!isChosen(path) || content.length === 0 || content.length > MAX_TRANSPARENT_BYTES) return content
        if (!mentionsEncryption(content)) {
          if (await isManaged(context, path)) options.tell('kept', named(plaintextInGit(), path))
          return content
        }
        return reveal(path, content).catch((error) => {
          options.tell('kept', named(error, path))
          return content
        })
      },
    }),
    close() {
      versions.close()
      options.guard.close()
    },
  }
}

interface Context extends TransparentOptions {
  readonly workspace: Workspace
  readonly repository: Repository
  readonly versions: StoredVersions
}

async function passGuarded(
  { guard, refuse }: Context,
  path: string,
  content: Uint8Array,
): Promise<Uint8Array | undefined> {
  const guarded = await guard.at(path)
  return refuse(await guarded.judge(content)) ? undefined : content
}

/** The ciphertext of a plaintext. What git has as plaintext already, and what may be plaintext, stays as it is. */
async function encrypted(context: Context, path: string, content: Uint8Array): Promise<Uint8Array | undefined> {
  const { workspace } = context
  const found = await context.versions.of(path)
  if (found.some((version) => Buffer.compare(version.content, content) === 0)) return content
  const opened: (OpenedVersion | KmsfileError)[] = []
  for (const version of found.filter((each) => mentionsEncryption(each.content))) {
    const each = await openVersion(context, path, version).catch(asKmsfileError)
    if (!(each instanceof KmsfileError) && Buffer.compare(each.plaintext, content) === 0) return version.content
    opened.push(each)
  }
  const [base] = opened
  if (base instanceof KmsfileError) throw base
  if (base === undefined) return firstVersion(context, path, content)
  const last = opened.at(-1)
  await refuseUnconfirmed(workspace, base.opened)
  if (last !== undefined && !(last instanceof KmsfileError)) warnOfOtherKey(workspace, base.opened, last.opened)
  return Buffer.from((await rewrite(workspace, base.opened, decodeText(content))).text)
}

/** As `edit` does before it changes a file. */
async function refuseUnconfirmed(workspace: Workspace, opened: OpenedSource): Promise<void> {
  refuseChangedRecipients(opened)
  await refuseReplay(workspace, opened)
}

/** Anybody can make a data key for public recipients. */
function warnOfOtherKey(workspace: Workspace, { source, file }: OpenedSource, last: OpenedSource): void {
  const [own, committed] = [file, last.file].map(({ envelope }) => keyIdOf(envelope.kmsfile))
  if (own === undefined || committed === undefined || own === committed) return
  workspace.warn('the file is under another data key than in the last commit', {
    file: source.name,
    hint: 'if nobody rotated it, compare with the last good version: git log -p -- FILE',
  })
}

async function firstVersion(context: Context, path: string, content: Uint8Array): Promise<Uint8Array | undefined> {
  const { workspace, repository } = context
  const place = placeOf(repository, path)
  if (!(await workspace.config.manages(place))) {
    // Whether an exemption counts already, the guard says.
    if ((await workspace.config.exemption(place)) !== undefined) return passGuarded(context, path, content)
    throw new KmsfileError('no rule says for whom to encrypt it, so git does not get it', {
      code: 'CONFIG_NO_RULE',
      hint: 'add a rule to .kmsfile.yaml, or narrow the pattern: kmsfile git install --transparent PATTERN',
    })
  }
  const source = { name: path, path: place, format: detectFormat(path), text: decodeText(content) }
  return Buffer.from((await encrypt(workspace, source, { previous: false })).text)
}

async function openVersion(context: Context, path: string, version: StoredVersion): Promise<OpenedVersion> {
  const { workspace } = context
  const opened = await openSource(workspace, storedSource(context.repository, path, version.content))
  return { version, opened, plaintext: Buffer.from(await plaintextOfSource(workspace, opened)) }
}

function isManaged({ workspace, repository }: Context, path: string): Promise<boolean> {
  return workspace.config.manages(placeOf(repository, path))
}

/** What cannot be converted is said, and is one file of many. */
function named(error: unknown, path: string): KmsfileError {
  return asKmsfileError(error).in(path)
}

function tooLarge(): KmsfileError {
  return new KmsfileError('too large to be encrypted', { code: 'FILE_TOO_LARGE' })
}

function ambiguous(): KmsfileError {
  return new KmsfileError(AMBIGUOUS, { code: 'FORMAT_UNSUPPORTED' })
}

function plaintextInGit(): KmsfileError {
  return new KmsfileError('it is not encrypted in git', {
    code: 'FILE_NOT_ENCRYPTED',
    hint: 'encrypt it: kmsfile encrypt -i FILE, then git add FILE',
  })
}
