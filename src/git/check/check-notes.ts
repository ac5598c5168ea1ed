import { mentionsEncryption } from '../../operations/inspect.ts'
import type { ObjectReader, Repository } from '../../vcs/repository.ts'
import type { Step } from './check-commits.ts'
import { parseEntries } from './check-listing.ts'
import type { Finding } from './finding.ts'

const TEXTCONV_REFS = 'refs/notes/textconv/'
/** A note is what a driver shows of one file. */
const MAX_NOTE_BYTES = 16 * 1024 * 1024

/**
 * Finds what git itself noted readable: a diff driver with `cachetextconv` has it keep what the driver shows of a content, in a
 * ref for each driver, which goes along with `push --mirror`.
 */
export async function notedCopies(
  repository: Repository,
  reader: ObjectReader,
  steps: readonly Step[],
): Promise<readonly Finding[]> {
  const { stdout } = await repository.git(['for-each-ref', '--format=%(refname)', TEXTCONV_REFS])
  const refs = Buffer.from(stdout)
    .toString('utf8')
    .split('\n')
    .filter((ref) => ref !== '')
  const paths = new Map(steps.map(({ id, path }) => [id, path]))
  const findings: Finding[] = []
  for (const ref of refs) {
    for (const { of, id } of await readableNotes(repository, reader, ref)) {
      findings.push({ ...readableCopy(ref), path: paths.get(of) ?? ref, object: id })
    }
  }
  return findings
}

/** A ref that is pushed, by all the names that it has, and the commit that it leads to. */
export interface PushedRef {
  readonly names: readonly string[]
  readonly commit: string
}

/** Of refs that are pushed, those that {@link notedCopies} would find something in. One finding a ref. */
export async function pushedCopies(
  repository: Repository,
  reader: ObjectReader,
  refs: readonly PushedRef[],
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const { names, commit } of refs) {
    const name = names.find((each) => each.startsWith(TEXTCONV_REFS))
    if (name === undefined) continue
    const notes = await readableNotes(repository, reader, commit)
    if (notes.length > 0) findings.push({ ...readableCopy(name), path: name })
  }
  return findings
}

interface Note {
  readonly id: string
  /** The id of what it is about. */
  readonly of: string
}

/** The notes of encrypted contents that are not encrypted themselves. */
async function readableNotes(repository: Repository, reader: ObjectReader, revision: string): Promise<readonly Note[]> {
  const listing = await repository.git(['ls-tree', '-r', '-z', '--full-tree', revision])
  // The path of a note is the id of what it is about, cut into folders where there are many.
  const notes = parseEntries(listing.stdout)
    .map(({ id, path }) => ({ id, of: path.replaceAll('/', '') }))
    .filter(({ of }) => /^[0-9a-f]+$/.test(of))
  const encrypted: boolean[] = []
  for await (const object of reader.read(
    notes.flatMap(({ id, of }) => [of, id]),
    { maxBytes: MAX_NOTE_BYTES },
  )) {
    encrypted.push(object?.content !== undefined && mentionsEncryption(object.content))
  }
  return notes.filter((_, i) => encrypted[2 * i] === true && encrypted[2 * i + 1] !== true)
}

function readableCopy(ref: string) {
  const message = `git keeps a readable copy in ${ref}; remove it: git update-ref -d ${ref}`
  return { verdict: 'plaintext', severity: 'refuse', message } as const
}
