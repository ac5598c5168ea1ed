import { parseKmsfileYaml } from './kmsfile-yaml.ts'
import type { Configuration } from './rules.ts'
import { parseSopsYaml } from './sops-yaml.ts'

/**
 * Reads a configuration from its text: that of sops if the file is named so or, under another name, has its keys.
 *
 * Nothing is read but the text, so it may come from git's index as well. `file` is how people know it.
 *
 * @throws KmsfileError `CONFIG_INVALID` with file, line and column.
 */
export function parseConfig(text: string, { file }: { file: string }): Promise<Configuration> {
  const name = file.replace(/^.*[/\\]/, '')
  const sops = /^\.sops\.ya?ml$/.test(name) || (name !== '.kmsfile.yaml' && SOPS_KEYS.test(text))
  const content = text.replace(/^\uFEFF/, '')
  return sops ? parseSopsYaml(content, { file }) : parseKmsfileYaml(content, { file })
}

/** A key at the top of a configuration of sops. */
const SOPS_KEYS = /^(?:creation_rules|destination_rules|stores)[ \t]*:/m
