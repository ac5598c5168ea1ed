import { access, constants } from 'node:fs/promises'
import type { Check } from '../../operations/doctor-check.ts'
import { attributesOf } from '../../vcs/git-attributes.ts'
import { isTrue } from '../../vcs/git-config.ts'
import type { Repository } from '../../vcs/repository.ts'
import { TRANSPARENT } from './config-block.ts'
import type { HooksContext } from './doctor-hooks.ts'
import { checkTransparent } from './doctor-transparent.ts'
import { textconvNotes } from './uninstall.ts'

export interface DriversContext extends Pick<HooksContext, 'repository' | 'config' | 'installation'> {
  /** One for each pattern of the rules. */
  readonly samples: readonly string[]
}

const INSTALL = 'bring it up to date: kmsfile git install'

/** Looks at what git does with secrets files when it shows, merges and adds them. */
export async function checkDrivers(context: DriversContext): Promise<readonly Check[]> {
  const checks = [
    ...checkConfigured(context),
    ...(await checkProgram(context)),
    ...(await checkAttributesApply(context)),
    ...(await checkPlaintextLeft(context)),
  ]
  const fine: Check = { about: 'drivers', state: 'ok', message: 'git shows and merges secrets files with kmsfile' }
  return [...(checks.length > 0 ? checks : [fine]), ...(await checkTransparent(context))]
}

function checkConfigured({ config }: DriversContext): readonly Check[] {
  const own = (name: string) => config.get(name)?.value ?? ''
  const missing = [
    ...(own('diff.kmsfile.textconv').includes('git textconv') ? [] : ['diff']),
    ...(own('merge.kmsfile.driver').includes('git merge-driver') ? [] : ['merge']),
  ]
  if (missing.length > 0) {
    const message = `git does not know the ${missing.join(' and ')} driver of kmsfile in this clone`
    return [{ about: 'drivers', state: 'problem', message, hint: 'install it: kmsfile git install' }]
  }
  const checks: Check[] = []
  if (own('merge.kmsfile.recursive') !== 'binary') {
    const message = 'merge.kmsfile.recursive is not binary: some conflicts would be decided without a word'
    checks.push({ about: 'drivers', state: 'problem', message, hint: INSTALL })
  }
  for (const name of ['kmsfile', 'kmsfile-any']) {
    if (!isTrue(own(`diff.${name}.cachetextconv`))) continue
    const message = `diff.${name}.cachetextconv is on: git keeps what it shows decrypted, in a ref that others may fetch`
    checks.push({ about: 'plaintext', state: 'problem', message, hint: `git config diff.${name}.cachetextconv false` })
  }
  if (isTrue(own('kmsfile.guard')) && !isTrue(own('filter.kmsfile-guard.required'))) {
    const message = 'the guard is not required: where it fails, plaintext passes'
    checks.push({ about: 'drivers', state: 'problem', message, hint: INSTALL })
  }
  return checks
}

/** The program that was written down, for where the PATH does not lead to it. */
async function checkProgram({ config }: DriversContext): Promise<readonly Check[]> {
  const found = /test -x '((?:[^']|'\\'')+)' && test -f '((?:[^']|'\\'')+)'/.exec(
    config.get('diff.kmsfile.textconv')?.value ?? '',
  )
  if (found === null) return []
  const [node = '', script = ''] = found.slice(1).map((word) => word.replaceAll(String.raw`'\''`, "'"))
  const gone = [
    ...((await isAccessible(node, constants.X_OK)) ? [] : [node]),
    ...((await isAccessible(script, constants.R_OK)) ? [] : [script]),
  ]
  if (gone.length === 0) return []
  const message = `the program that git was told to start is gone: ${gone.join(', ')}`
  return [
    {
      about: 'drivers',
      state: 'warning',
      message,
      hint: 'so that graphical programs find it, too: kmsfile git install',
    },
  ]
}

async function isAccessible(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  )
}

/** Whether the attributes say of managed paths what they should, whatever else there is that says something. */
async function checkAttributesApply({ repository, config, samples }: DriversContext): Promise<readonly Check[]> {
  if (samples.length === 0) return []
  const guard = isTrue(config.get('kmsfile.guard')?.value)
  const wrong = new Map<string, string>()
  const transparent = new Set<string>()
  const names = ['diff', 'merge', 'filter']
  for (const [path, name, value] of await attributesOf(repository, { paths: samples, names })) {
    if (name === 'filter' && value === TRANSPARENT) transparent.add(path)
    if (name === 'filter' && !guard) continue
    const wanted = name === 'filter' ? 'kmsfile-guard' : 'kmsfile'
    if (value !== wanted && value !== 'kmsfile-any' && !wrong.has(path)) wrong.set(path, `${name} is ${value}`)
  }
  // Those have attributes of their own.
  for (const path of transparent) wrong.delete(path)
  const [first] = wrong
  if (first === undefined) return []
  const more = wrong.size > 1 ? `, and for ${wrong.size - 1} more` : ''
  return [
    {
      about: 'drivers',
      state: 'warning',
      message: `the attributes do not say that kmsfile is for ${first[0]} (${first[1]})${more}`,
      hint: 'look for lines in .gitattributes and .git/info/attributes that take it back, or: kmsfile init',
    },
  ]
}

/** Where git leaves plaintext by itself. */
async function checkPlaintextLeft({ repository, config, installation }: DriversContext): Promise<readonly Check[]> {
  const checks: Check[] = (await textconvNotes(repository as Repository)).map((ref) => ({
    about: 'plaintext',
    state: 'problem',
    message: `${ref} has in it what git showed decrypted`,
    hint: `git update-ref -d ${ref}, then git gc --prune=now; it may have been pushed`,
  }))
  const verbose = config.get('commit.verbose')?.value
  const isVerbose = verbose !== undefined && (isTrue(verbose) || /^[1-9]/.test(verbose))
  if (isVerbose && config.get('kmsfile.diff')?.value !== 'redacted') {
    const cut = installation.hooks.get('post-commit') === 'runs'
    const message = cut
      ? 'commit.verbose is set: while you write a message, git shows the decrypted diff in a file'
      : 'commit.verbose is set: git leaves the decrypted diff in .git/COMMIT_EDITMSG'
    checks.push({ about: 'plaintext', state: 'warning', message, hint: 'kmsfile git install --diff redacted' })
  }
  return checks
}
