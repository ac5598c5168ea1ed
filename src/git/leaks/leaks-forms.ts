/** How a value may be written down elsewhere. */
export type Form = 'as it is' | 'base64' | 'URL-encoded' | 'escaped'

export interface WrittenForm {
  readonly form: Form
  readonly bytes: Uint8Array
}

/** A value longer than this is looked for by its beginning: a search keeps as much of what it has looked through. */
const MAX_FORM_BYTES = 64 * 1024

/** The ways to write a value down that are looked for, each once. */
export function formsOf(value: string): readonly WrittenForm[] {
  const bytes = Buffer.from(value)
  const all: readonly (readonly [Form, readonly (Uint8Array | string)[]])[] = [
    ['as it is', [bytes]],
    ['escaped', escapedForms(value)],
    ['URL-encoded', urlForms(value)],
    ['base64', base64Forms(bytes)],
  ]
  const seen = new Set<string>()
  const forms: WrittenForm[] = []
  for (const [form, texts] of all) {
    for (const text of texts) {
      const written = Buffer.from(text as string).subarray(0, MAX_FORM_BYTES)
      const name = written.toString('latin1')
      if (!seen.has(name)) forms.push({ form, bytes: written })
      seen.add(name)
    }
  }
  return forms
}

/** Strings of JSON and of YAML, in one of the ways that writers of them have. */
function escapedForms(value: string): readonly string[] {
  const json = JSON.stringify(value).slice(1, -1)
  const unicode = json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${hex(unit, 4)}`)
  // Go's encoding/json: so that a value can stand in HTML.
  const html = json.replace(/[<>&]/g, (unit) => `\\u${hex(unit, 4)}`)
  return [
    json,
    unicode,
    unicode.replace(/\\u[0-9a-f]{4}/g, (unit) => `\\u${unit.slice(2).toUpperCase()}`),
    html,
    json.replaceAll('/', '\\/'),
    value.replaceAll("'", "''"),
  ]
}

/** Percent-encoded, with capital and small digits; writers differ in what they leave as it is. */
function urlForms(value: string): readonly string[] {
  // Half a surrogate pair has no such form.
  if (/\p{Cs}/u.test(value)) return []
  const component = encodeURIComponent(value)
  const strict = component.replace(/[!'()*]/g, (unit) => `%${hex(unit, 2).toUpperCase()}`)
  const forms = [component, strict, strict.replaceAll('%2F', '/'), strict.replaceAll('%20', '+'), encodeURI(value)]
  return forms.flatMap((form) => [form, form.replace(/%[0-9A-F]{2}/g, (unit) => unit.toLowerCase())])
}

/**
 * What is the same in the base64 of every text that holds the value, whatever stands around it: it may start at any of three
 * places in a group. Characters that it shares with its neighbours are left out.
 */
function base64Forms(bytes: Uint8Array): readonly string[] {
  return [0, 1, 2].flatMap((shift) => {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes])
    const standard = shifted
      .toString('base64')
      .slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6))
    shifted.fill(0)
    return [standard, standard.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

function hex(unit: string, digits: number): string {
  return unit.charCodeAt(0).toString(16).padStart(digits, '0')
}
