import { type Format, WHOLE_KEY } from './format.ts'
import { jsonAmbiguity } from './json-ambiguity.ts'
import { emitJson, printJsonScalar } from './json-emit.ts'
import { addJsonEnvelope, cutJsonEnvelope, dressJson, undressJson } from './json-envelope.ts'
import { printMap, SOPS_LAYOUT } from './json-layout.ts'
import { scanJson } from './json-scan.ts'
import { quote, quoteAsGo } from './json-string.ts'

/**
 * JSON (RFC 8259), one value a file. There are no comments and no aliases; every envelope is a string, so a value that
 * was none is recognised by the type in its envelope.
 *
 * `dress` and `addEnvelope`, as well as `undress` and `cutEnvelope`, complete each other: apply both to one text at once.
 */
export const json: Format = {
  name: 'json',
  // Go's decoder takes a byte order mark for a stray character.
  keepsBom: false,
  scan: scanJson,
  conceal: (_source, _leaf, envelope) => quote(envelope),
  reveal: (_encrypted, _leaf, value) => printJsonScalar(value, quote),
  concealAlias: () => {
    throw new TypeError('JSON has no aliases')
  },
  dress: dressJson,
  undress: undressJson,
  addEnvelope: addJsonEnvelope,
  cutEnvelope: cutJsonEnvelope,
  ambiguity: jsonAmbiguity,
  whole: (envelope) => `${printMap([[quoteAsGo(WHOLE_KEY), quoteAsGo(envelope)]], SOPS_LAYOUT)}\n`,
  emit: emitJson,
}
