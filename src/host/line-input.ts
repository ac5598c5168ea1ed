import { StringDecoder } from 'node:string_decoder'

/** How a line ended: with Enter, with Ctrl-C, or with the end of input before anything was typed. */
export type LineEnd =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'interrupt' }
  | { readonly kind: 'end' }

export interface LineInput {
  /** Takes what was typed; returns the line as soon as it is complete, and keeps the rest for the next. */
  feed(bytes: Uint8Array): LineEnd | undefined
  /** The input has ended. */
  end(): LineEnd
}

/** Arrow and function keys (CSI and SS3 sequences), a letter with Alt; a lone Escape. */
const ESCAPE = /^\u001b(?:\[[0-?]*[ -/]*[@-~]|O[A-Za-z]|[^[O\p{Cc}])?/u
/** The beginning of one, whose rest may be still to come. */
const ESCAPE_BEGUN = /^\u001b(?:O|\[[0-?]*[ -/]*)?$/u

/**
 * The keys of a line that a terminal gives letter by letter (raw): Enter, Backspace, Ctrl-U, Ctrl-W, Ctrl-C, Ctrl-D. Where the
 * terminal edits the line itself none of these but Enter arrives, so both kinds of input can be fed.
 */
export function lineInput(): LineInput {
  const decoder = new StringDecoder('utf8')
  let pending = ''
  let line = ''

  const finish = (end: LineEnd): LineEnd => {
    line = ''
    return end
  }
  return {
    feed(bytes) {
      pending += decoder.write(bytes)
      while (pending !== '' && !ESCAPE_BEGUN.test(pending)) {
        const key = ESCAPE.exec(pending)?.[0] ?? String.fromCodePoint(pending.codePointAt(0) ?? 0)
        pending = pending.slice(key.length)
        if (key === '\r' || key === '\n') {
          // A pasted Windows line break is one.
          if (key === '\r' && pending.startsWith('\n')) pending = pending.slice(1)
          return finish({ kind: 'line', text: line })
        }
        if (key === '\u0003') return finish({ kind: 'interrupt' })
        if (key === '\u0004') return finish(line === '' ? { kind: 'end' } : { kind: 'line', text: line })
        line = edited(line, key)
      }
      return undefined
    },
    end: () => finish(line === '' ? { kind: 'end' } : { kind: 'line', text: line }),
  }
}

function edited(line: string, key: string): string {
  if (key === '\b' || key === '\u007f') return [...line].slice(0, -1).join('')
  if (key === '\u0015') return ''
  if (key === '\u0017') return line.replace(/\S*\s*$/u, '')
  // Other control characters are keys that mean nothing here; a tab can be part of a secret.
  return key < ' ' && key !== '\t' ? line : line + key
}
