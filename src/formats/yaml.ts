import { type Format, WHOLE_KEY } from './format.ts'
import { emitYaml } from './yaml-emit.ts'
import { addYamlEnvelope, cutYamlEnvelope, dressYaml, undressYaml, yamlAmbiguity } from './yaml-layout.ts'
import { scanYaml } from './yaml-scan.ts'
import { concealYaml, concealYamlAlias, revealYaml } from './yaml-spell.ts'

/** YAML as go-yaml v3 reads it, so that types and paths are those of sops. */
export const yaml: Format = {
  name: 'yaml',
  keepsBom: true,
  scan: scanYaml,
  conceal: concealYaml,
  reveal: revealYaml,
  concealAlias: (_source, alias, envelopeOf, path) => concealYamlAlias(alias, envelopeOf, path),
  dress: dressYaml,
  undress: undressYaml,
  addEnvelope: addYamlEnvelope,
  cutEnvelope: cutYamlEnvelope,
  ambiguity: yamlAmbiguity,
  whole: (envelope) => `${WHOLE_KEY}: ${envelope}\n`,
  emit: emitYaml,
}
