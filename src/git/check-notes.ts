import { mentionsEncryption } from '../operations/inspect.ts'
import type { ObjectReader, Repository } from '../vcs/repository.ts'
import type { Step } from './check-commits.ts'
import { parseEntries } from './check-listing.ts'
import type { Finding } from './finding.ts'

/**
 * Finds what git itself noted readable: a diff driver with `cachetextconv` has it keep what the driver shows of a content, in a
 * ref for each driver, which goes along with `push --mirror`.
 */
export async function notedCopies(
  repository: Repository,
  reader: ObjectReader,
  steps: readonly Step[],
): Promise<readonly Finding[]> {
  const { stdout } = await repository.git(['for-each-ref', '--format=%(refname)', 'refs/notes/textconv/'])
  const refs = Buffer.from(stdout)
    .toString('utf8')
    .split('\n')
    .filter((ref) => ref !== '')
  const paths = new Map(steps.map(({ id, path }) => [id, path]))
  const findings: Finding[] = []
  for (const ref of refs) {
    const listing = await repository.git(['ls-tree', '-r', '-z', '--full-tree', ref])
    // The path of a note is the id of what it is about, cut into folders where there are many.
    const notes = parseEntries(listing.stdout).map(({ id, path }) => ({ id, of: path.replaceAll('/', '') }))
    const encrypted: boolean[] = []
    for await (const object of reader.read(notes.flatMap(({ id, of }) => [of, id]))) {
      encrypted.push(object?.content !== undefined && mentionsEncryption(object.content))
    }
    for (const [i, { id, of }] of notes.entries()) {
      if (encrypted[2 * i] !== true || encrypted[2 * i + 1] === true) continue
      const message = `git keeps a readable copy in ${ref}; remove it: git update-ref -d ${ref}`
      findings.push({ verdict: 'plaintext', severity: 'refuse', path: paths.get(of) ?? ref, object: id, message })
    }
  }
  return findings
}
