import { existsSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { KmsfileError } from '../errors.ts'
import type { Host } from '../host/host.ts'
import { exemptionOfLayers, type Layer, managedByLayers, ruleOfLayers } from './layers.ts'
import { loadConfig } from './load.ts'
import type { Configuration, ConfigWarning, Exemption, Rule } from './rules.ts'

/** What a search starts from. */
export interface FindOptions {
  readonly host: Pick<Host, 'cwd' | 'env'>
  /** The value of `--config`; it is asked before `KMSFILE_CONFIG` and `SOPS_CONFIG`, and no other is looked for. */
  readonly config?: string | undefined
}

/**
 * Finds the configuration of files, each from its own folder upwards to the top of its repository.
 *
 * Files are absolute or relative to the working directory, need not exist, and are judged by the path as it is given:
 * links are not followed. Every configuration is read once, so a finder is for one command.
 */
export interface ConfigFinder {
  /** The rule of a file. @throws KmsfileError `CONFIG_NOT_FOUND`, `CONFIG_NO_RULE`, `CONFIG_INVALID` */
  rule(file: string): Promise<Rule>
  /** The rule of a file, where there is one: flags may stand in for it. @throws KmsfileError `CONFIG_INVALID` */
  ruleIfAny(file: string): Promise<Rule | undefined>
  /** Whether the rules say that the file must not hold plaintext, and no exemption says that it may. */
  manages(file: string): Promise<boolean>
  exemption(file: string): Promise<Exemption | undefined>
  /** The configurations above a file, the nearest first; those of sops only where there is none of kmsfile. */
  layers(file: string): Promise<readonly Layer[]>
  /** What is odd about the configurations that were read. */
  warnings(): readonly ConfigWarning[]
}

/** The rule of one file. @throws KmsfileError as {@link ConfigFinder.rule} */
export function findRule(file: string, options: FindOptions): Promise<Rule> {
  return configFinder(options).rule(file)
}

/** What stands in a folder and above it. */
interface Surroundings {
  /** The nearest first. */
  readonly kmsfile: readonly Loaded[]
  /** Path of the nearest `.sops.yaml`; it is read only where it is used. */
  readonly sops: string | undefined
  /** Paths of files that sops does not look at, though it may seem so. */
  readonly ignored: readonly string[]
}

interface Loaded {
  readonly folder: string
  readonly configuration: Configuration
}

/** A finder for the files that one command is about. */
export function configFinder({ host, config }: FindOptions): ConfigFinder {
  const chosen = config ?? (host.env['KMSFILE_CONFIG'] || host.env['SOPS_CONFIG'] || undefined)
  const folders = new Map<string, Promise<Surroundings>>()
  const files = new Map<string, Promise<Loaded>>()
  const warnings = new Map<string, ConfigWarning>()

  const finder: ConfigFinder = {
    async rule(file) {
      const layers = await finder.layers(file)
      return ruleOfLayers(layers) ?? fail(file, layers)
    },
    ruleIfAny: async (file) => ruleOfLayers(await finder.layers(file)),
    async manages(file) {
      const layers = await finder.layers(file)
      return managedByLayers(layers) && exemptionOfLayers(layers) === undefined
    },
    exemption: async (file) => exemptionOfLayers(await finder.layers(file)),
    async layers(file) {
      const path = resolve(host.cwd, file)
      if (chosen !== undefined) return [layerOf(await load(resolve(host.cwd, chosen)), path)]
      const { kmsfile, sops, ignored } = await survey(dirname(path))
      if (kmsfile.length > 0) return kmsfile.map((each) => layerOf(each, path))
      for (const each of ignored) warn({ file: displayed(each), message: 'not read: sops looks for .sops.yaml' })
      return sops === undefined ? [] : [layerOf(await load(sops), path)]
    },
    warnings: () => [...warnings.values()],
  }
  return finder

  function survey(folder: string): Promise<Surroundings> {
    const known = folders.get(folder)
    if (known !== undefined) return known
    const found = look(folder)
    folders.set(folder, found)
    return found
  }

  async function look(folder: string): Promise<Surroundings> {
    const parent = dirname(folder)
    // In a linked worktree and in a submodule, `.git` is a file.
    const isTop = parent === folder || existsSync(join(folder, '.git'))
    const above: Surroundings = isTop ? { kmsfile: [], sops: undefined, ignored: [] } : await survey(parent)
    const [kmsfile, sops, ignored] = ['.kmsfile.yaml', '.sops.yaml', '.sops.yml'].map((name) => join(folder, name))
    return {
      kmsfile: existsSync(kmsfile!) ? [await load(kmsfile!), ...above.kmsfile] : above.kmsfile,
      sops: existsSync(sops!) ? sops : above.sops,
      ignored: existsSync(ignored!) ? [ignored!, ...above.ignored] : above.ignored,
    }
  }

  function load(path: string): Promise<Loaded> {
    const known = files.get(path)
    if (known !== undefined) return known
    const loading = loadConfig(path, { file: displayed(path) }).then((configuration) => {
      for (const warning of configuration.warnings) warn(warning)
      return { folder: dirname(path), configuration }
    })
    files.set(path, loading)
    return loading
  }

  function warn(warning: ConfigWarning): void {
    warnings.set(JSON.stringify(warning), warning)
  }

  function displayed(path: string): string {
    const short = relative(host.cwd, path)
    return short.startsWith('..') || isAbsolute(short) ? path : short
  }
}

function layerOf({ folder, configuration }: Loaded, path: string): Layer {
  // As sops cuts it: at the root of the file system, where the folder ends with a separator itself, not at all.
  const prefix = folder.endsWith(sep) && configuration.source === 'kmsfile' ? folder : folder + sep
  const inside = path.startsWith(prefix)
  const slashed = (inside ? path.slice(prefix.length) : path).split(sep).join('/')
  // `C:/file`, too, is to be seen as absolute.
  return { folder, configuration, path: inside || slashed.startsWith('/') ? slashed : `/${slashed}` }
}

function fail(file: string, [nearest]: readonly Layer[]): never {
  if (nearest === undefined) {
    throw new KmsfileError('there is no .kmsfile.yaml and no .sops.yaml in the folders above it', {
      code: 'CONFIG_NOT_FOUND',
      file,
      hint: 'make one with kmsfile init, or name the keys: --age, --kms',
    })
  }
  const { configuration, path } = nearest
  const outside = configuration.source === 'kmsfile' && path.startsWith('/')
  throw new KmsfileError(
    outside
      ? `it lies outside of the folder of ${configuration.file}, to which its rules are relative`
      : `no rule of ${configuration.file} is for this file`,
    { code: 'CONFIG_NO_RULE', file, hint: `add a rule to ${configuration.file}, or name the keys: --age, --kms` },
  )
}
