/** Numbers that look random and are the same in every run. */
export function dice(seed: number): (sides: number) => number {
  let state = seed >>> 0
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * sides)
  }
}

const PIECES = [
  ...[
    '\n',
    ' ',
    '  ',
    '\t',
    '- ',
    ': ',
    '"',
    "'",
    '{',
    '}',
    '[',
    ']',
    ',',
    '#',
    '&a ',
    '*a',
    '|',
    '>-',
    '---\n',
    '...\n',
    '\\',
  ],
  ...[
    '!x ',
    '!!int ',
    '!__t ',
    '!__key ',
    '&__alias_a ',
    '%YAML 1.1\n',
    '<<: ',
    '__root__:',
    '__whole__: ',
    'sops:',
    'sops: {}',
  ],
  ...[
    '__proto__',
    'constructor',
    'null',
    '""',
    '\ufeff',
    '\u2028',
    '\0',
    '\r',
    '\r\n',
    '\u{1f600}',
    '\\u0000',
    '\\ud800',
    '1e999',
    '-0',
  ],
  ...[
    'ENC[AES256_GCM,',
    ',type:str]',
    'type:int',
    'type:float',
    'type:bool',
    'type:time',
    'type:comment',
    'type:bytes',
    '=',
  ],
]

/** Damages a text as accidents, merges and enemies do. `others`: texts that lines may come from. */
export function mutate(text: string, roll: (sides: number) => number, others: readonly string[]): string {
  let changed = text
  for (let times = 1 + roll(3) * roll(2); times > 0; times--) changed = once(changed)
  return changed

  function once(before: string): string {
    const at = roll(before.length + 1)
    const lines = before.split('\n')
    const line = roll(lines.length)
    const own = lines[line] ?? ''
    const indentation = /^ */.exec(own)?.[0] ?? ''
    switch (roll(12)) {
      case 0:
        return before.slice(0, at) + String.fromCharCode(before.charCodeAt(at) ^ (1 << roll(7))) + before.slice(at + 1)
      case 1:
        return before.slice(0, at) + piece() + before.slice(at)
      case 2:
        return before.slice(0, at) + before.slice(at + 1 + roll(20))
      case 3:
        return before.slice(0, at)
      case 4:
        return lines.toSpliced(line, 1).join('\n')
      case 5:
        return lines.toSpliced(roll(lines.length), 0, own).join('\n')
      case 6: {
        const other = roll(lines.length)
        return lines
          .with(line, lines[other] ?? '')
          .with(other, own)
          .join('\n')
      }
      case 7:
        return lines.with(line, `  ${own}`).join('\n')
      case 8:
        return lines.with(line, own.replace(/^ {1,2}/, '')).join('\n')
      case 9:
        return lines.with(line, own.replace(/: .*/, `: ${piece()}`)).join('\n')
      case 10:
        return lines.toSpliced(line, 0, indentation + piece() + piece()).join('\n')
      default: {
        const foreign = (others[roll(others.length)] ?? '').split('\n')
        return lines.toSpliced(line, 0, foreign[roll(foreign.length)] ?? '').join('\n')
      }
    }
  }

  function piece(): string {
    return PIECES[roll(PIECES.length)] ?? ''
  }
}
