import type { Choices } from './random.ts'

/** Spellings of a value that some reader takes for something else, or that carry what is no part of the value. */
const PREFIXES = [
  '!!str ',
  '!!int ',
  '!!binary ',
  '! ',
  '!x ',
  '!__t_int ',
  '&a ',
  '&__alias_a ',
  '&a:x ',
  '*a ',
  '|\n',
  '>-\n',
]
const WORDS = [
  'no',
  'yes',
  'on',
  'y',
  'True',
  'TRUE',
  '~',
  'Null',
  '',
  '017',
  '0o17',
  '0xF',
  '1_5',
  '+15',
  '15.0',
  '15',
  '1:30',
  '1e3',
]
const KEYS = ['!__key ', '!!str ', '? ', '&k ', '"<<": *a\n', '<<: *a\n']
const HEADS = [
  '%YAML 1.1\n---\n',
  '%YAML 1.2\n---\n',
  '%TAG ! tag:example.com,2000:\n---\n',
  '---\n',
  '--- !x\n',
  '--- &a\n',
  '\ufeff',
  '...\n',
]
const SIGNS = [...'"\'#:-?,[]{}|>&*!%@`~ \n\t', ': ', ' #', '- ', '---\n', '\r\n', '\u00a0', '\u2028']

/** Every way to spell the lines of an encrypted text anew that is on the list above; most are refused, or should be. */
export function* respelled(text: string): Generator<string> {
  const end = text.indexOf('\nsops:')
  for (const head of HEADS) yield head + text
  for (const { index, 0: line, 1: before = '', 2: key = '', 3: value = '' } of text
    .slice(0, end + 1)
    .matchAll(/^(\s*(?:- )?)("[^"]*"|'[^']*'|[^\s:#'"][^\s:#]*): *(.*)$/gm)) {
    const put = (replacement: string) => text.slice(0, index) + replacement + text.slice(index + line.length)
    const bare = unquoted(value)
    for (const prefix of PREFIXES) yield put(`${before}${key}: ${prefix}${value}`)
    for (const spelled of [bare, `"${bare}"`, `'${bare}'`]) yield put(`${before}${key}: ${spelled}`)
    for (const word of WORDS) yield put(`${before}${key}: ${word}`)
    for (const decoration of KEYS) yield put(`${before}${decoration}${key}: ${value}`)
    for (const spelled of [unquoted(key), `"${unquoted(key)}"`, `'${unquoted(key)}'`])
      yield put(`${before}${spelled}: ${value}`)
  }
}

/** One small edit of the text before its metadata, at a place that means something: a hand that slipped, or did not. */
export function edited(text: string, choices: Choices): string {
  const body = text.slice(0, text.indexOf('\nsops:') + 1)
  const places = [...body.matchAll(/^|$|(?<=[:\-,[{] )|(?=ENC)|(?<=\])|(?<=^\s*)\S/gm)].map(({ index }) => index)
  const at = choices.oneOf(places)
  const rest = text.slice(at)
  switch (choices.below(4)) {
    case 0:
      return text.slice(0, at) + rest.slice(1 + choices.below(2))
    case 1: {
      const lines = body.split('\n')
      const line = `${choices.oneOf(lines)}\n`
      return text.slice(0, at) + line + rest
    }
    default:
      return text.slice(0, at) + choices.oneOf([...SIGNS, ...PREFIXES, ...KEYS, ...WORDS]) + rest
  }
}

function unquoted(text: string): string {
  return /^(["'])(.*)\1$/.exec(text)?.[2] ?? text
}
