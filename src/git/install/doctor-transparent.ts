import { KmsfileError } from '../../errors.ts'
import { readFile } from '../../host/files.ts'
import type { Check } from '../../operations/doctor-check.ts'
import { mentionsEncryption } from '../../operations/inspect.ts'
import { isTrue } from '../../vcs/git-config.ts'
import { setUpLintStaged } from '../filters/transparent.ts'
import { transparentPatterns } from '../filters/transparent-chosen.ts'
import { placeOf, transparentAmong } from '../filters/transparent-paths.ts'
import { MAX_TRANSPARENT_BYTES } from '../filters/transparent-versions.ts'
import { TRANSPARENT } from './config-block.ts'
import type { DriversContext } from './doctor-drivers.ts'

const INSTALL = 'bring it up to date: kmsfile git install'

/** Looks whether files lie in the work tree as plaintext as somebody wanted them to, and whether git encrypts them. */
export async function checkTransparent(context: Omit<DriversContext, 'installation'>): Promise<readonly Check[]> {
  const { repository, config, samples } = context
  const patterns = transparentPatterns(config)
  if (patterns.length === 0) return []
  const own = (name: string) => config.get(`filter.${TRANSPARENT}.${name}`)?.value ?? ''
  const set = own('process').includes('git filter-transparent') && own('clean').includes('git filter-transparent')
  if (!set || !isTrue(own('required'))) {
    const message = `git does not encrypt what kmsfile.transparent names (${patterns.join(', ')})`
    return [{ about: 'drivers', state: 'problem', message, hint: INSTALL }]
  }
  const files = await repository.listFiles()
  const lintStaged = await setUpLintStaged(repository, files)
  const checks: Check[] = []
  if (lintStaged !== undefined) {
    const message = `lint-staged is set up (${lintStaged}), and breaks files of the transparent mode that are staged in part`
    checks.push({ about: 'drivers', state: 'problem', message, hint: 'kmsfile git install --no-transparent' })
  }
  if (config.get('diff.external') !== undefined) {
    const message =
      'diff.external is set: for each diff git writes plaintext of the transparent mode to a temporary file'
    checks.push({
      about: 'plaintext',
      state: 'warning',
      message,
      hint: 'use kmsfile git diff, or git diff --no-ext-diff',
    })
  }
  const taken = await transparentAmong(repository, [...files, ...samples])
  if (taken.length === 0) {
    const message = `the attributes do not say that git is to encrypt ${patterns.join(', ')}`
    const hint = 'look for lines in .gitattributes and .git/info/attributes that take it back, or: kmsfile git install'
    return [...checks, { about: 'drivers', state: 'problem', message, hint }]
  }
  const tracked = new Set(files)
  let [plain, encrypted] = [0, 0]
  for (const path of taken.filter((each) => tracked.has(each))) {
    const content = await contentOf(placeOf(repository, path))
    if (content === undefined || content.length === 0) continue
    if (mentionsEncryption(content)) encrypted++
    else plain++
  }
  const still =
    encrypted === 0 ? '' : `, ${encrypted} as ciphertext (kmsfile git install opens those with a key at hand)`
  const lie = plain === 1 ? '1 lies' : `${plain} lie`
  const message = `transparent mode (experimental) for ${patterns.join(', ')}: ${lie} here as plaintext${still}`
  return [...checks, { about: 'drivers', state: 'ok', message }]
}

async function contentOf(path: string): Promise<Uint8Array | undefined> {
  return readFile(path, { maxBytes: MAX_TRANSPARENT_BYTES }).catch((error) => {
    if (error instanceof KmsfileError) return undefined
    throw error
  })
}
