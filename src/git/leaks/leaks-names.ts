import type { Repository } from '../../vcs/repository.ts'
import type { Hit } from './leaks-scan.ts'
import type { LookedFor, SecretValues } from './leaks-values.ts'

/** A name as it may be shown, and the secret values in it. */
export interface ScannedName {
  /** With `***` in place of each value. */
  readonly shown: string
  readonly hits: readonly Hit[]
}

const MASK = '***'

/** Looks through a name: of a file, with its folders, or of a branch or tag. */
export function scanName({ matcher, tags }: Pick<SecretValues, 'matcher' | 'tags'>, name: string): ScannedName {
  const bytes = Buffer.from(name)
  const hits = new Map<number, Hit>()
  const masked = new Uint8Array(bytes.length)
  matcher.scan(bytes, (tag, start, end) => {
    const { secret, form, whole } = tags[tag] as LookedFor
    if (!hits.has(secret)) hits.set(secret, { secret, form, whole, lines: [] })
    masked.fill(1, start, end)
  })
  if (hits.size === 0) return { shown: name, hits: [] }
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const isMasked = masked[at] === 1
    let end = at
    while (end < bytes.length && (masked[end] === 1) === isMasked) end++
    parts.push(isMasked ? Buffer.from(MASK) : bytes.subarray(at, end))
    at = end
  }
  return { shown: Buffer.concat(parts).toString('utf8'), hits: [...hits.values()] }
}

/** A branch, a tag, or another ref. */
export interface NamedRef {
  readonly name: string
  /** Of the tag object, where it is one: it has a message. */
  readonly tag: string | undefined
}

/** All refs, by one process. @throws KmsfileError `GIT_FAILED` */
export async function listRefs({ git }: Pick<Repository, 'git'>): Promise<readonly NamedRef[]> {
  const { stdout } = await git(['for-each-ref', '--format=%(objecttype) %(objectname) %(refname)'])
  const lines = Buffer.from(stdout).toString('utf8').split('\n').slice(0, -1)
  return lines.map((line) => {
    const [type, id, ...name] = line.split(' ')
    return { name: name.join(' '), tag: type === 'tag' ? id : undefined }
  })
}
