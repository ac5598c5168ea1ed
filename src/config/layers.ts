import type { Configuration, Exemption, Rule } from './rules.ts'

/** A configuration that stands above a file, and the file's path as its rules see it. */
export interface Layer {
  /** Where the configuration lies: absolute, or from the top of the tree that is judged. */
  readonly folder: string
  readonly configuration: Configuration
  readonly path: string
}

/**
 * The rule of a file, from the configurations above it, the nearest first.
 *
 * The first that has a rule for it counts. One further up that asks for sealed files is heard all the same: a folder may
 * ask for more than what is around it, never for less.
 *
 * @throws KmsfileError `CONFIG_INVALID` where the rule is one of sops with malformed keys.
 */
export function ruleOfLayers(layers: readonly Layer[]): Rule | undefined {
  const rules = layers.flatMap(({ configuration, path }) => configuration.ruleFor(path) ?? [])
  const [nearest, ...outer] = rules
  if (nearest === undefined || nearest.integrity === 'sealed') return nearest
  return outer.some(({ integrity }) => integrity === 'sealed') ? { ...nearest, integrity: 'sealed' } : nearest
}

/** Whether any of the configurations manages the file, so that it must not hold plaintext. Exemptions aside. */
export function managedByLayers(layers: readonly Layer[]): boolean {
  return layers.some(({ configuration, path }) => configuration.matches(path))
}

/** The exemption of a file; each configuration that manages it must have one. */
export function exemptionOfLayers(layers: readonly Layer[]): Exemption | undefined {
  const managing = layers.filter(({ configuration, path }) => configuration.matches(path))
  const exemptions = managing.map(({ configuration, path }) => configuration.exemptionOf(path))
  return exemptions.includes(undefined) ? undefined : exemptions[0]
}
