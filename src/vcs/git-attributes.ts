import type { Repository } from './repository.ts'

export interface AttributesCall {
  readonly paths: readonly string[]
  /** Of the attributes. */
  readonly names: readonly string[]
  /** Options of git before its command. */
  readonly options?: readonly string[] | undefined
}

/** What an attribute is for a path: `set`, `unset`, `unspecified`, or its value. */
export type AttributeValue = readonly [path: string, name: string, value: string]

/** Asks git for attributes, all by one process; none where there are no paths. @throws KmsfileError `GIT_FAILED` */
export async function attributesOf(
  { git }: Pick<Repository, 'git'>,
  { paths, names, options = [] }: AttributesCall,
): Promise<readonly AttributeValue[]> {
  if (paths.length === 0) return []
  // -z: names as they are; --stdin: as many as there are.
  const { stdout } = await git([...options, 'check-attr', '-z', '--stdin', ...names], {
    input: paths.map((path) => `${path}\0`).join(''),
  })
  const fields = Buffer.from(stdout).toString('utf8').split('\0')
  const found: AttributeValue[] = []
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const [path = '', name = '', value = ''] = fields.slice(at, at + 3)
    found.push([path, name, value])
  }
  return found
}
