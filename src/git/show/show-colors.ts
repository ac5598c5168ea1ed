import type { GitConfig } from '../../vcs/git-config.ts'

/** What colours start with, as a terminal takes them; empty where nothing is coloured. */
export interface PatchColors {
  readonly meta: string
  readonly frag: string
  readonly func: string
  readonly old: string
  readonly new: string
  readonly context: string
  /** Ends each of them. Empty where there are none. */
  readonly reset: string
}

export const NO_COLORS: PatchColors = { meta: '', frag: '', func: '', old: '', new: '', context: '', reset: '' }

/** What stands in front of a line that both versions have, that the old one has, the new one. */
export const SIGNS = { same: ' ', old: '-', new: '+' } as const

/** A line in the colour of those that both versions have, the old one, the new one. */
export function paintedLine(text: string, kind: keyof typeof SIGNS, colors: PatchColors): string {
  return painted(text, kind === 'same' ? colors.context : colors[kind], colors)
}

/** A text in one of the colours. */
export function painted(text: string, color: string, { reset }: Pick<PatchColors, 'reset'>): string {
  return `${color}${text}${reset}`
}

const DEFAULTS = { meta: 'bold', frag: 'cyan', func: '', old: 'red', new: 'green', context: '' } as const

/** The colours of patches as git's configuration has them. */
export function patchColors(config: GitConfig): PatchColors {
  const of = (name: keyof typeof DEFAULTS) =>
    sequenceOf(config.get(`color.diff.${name}`)?.value) ?? (sequenceOf(DEFAULTS[name]) as string)
  const plain = sequenceOf(config.get('color.diff.plain')?.value)
  return {
    meta: of('meta'),
    frag: of('frag'),
    func: of('func'),
    old: of('old'),
    new: of('new'),
    context: plain !== undefined && config.get('color.diff.context') === undefined ? plain : of('context'),
    reset: '\x1b[m',
  }
}

const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white']
const ATTRIBUTES: Readonly<Record<string, number>> = {
  bold: 1,
  dim: 2,
  italic: 3,
  ul: 4,
  blink: 5,
  reverse: 7,
  strike: 9,
}

/** The sequence for a colour as git-config(1) writes it; undefined for what it does not. */
function sequenceOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const codes: (number | string)[] = []
  let [isBackground, known] = [false, true]
  for (const word of text.toLowerCase().split(/\s+/).filter(Boolean)) {
    const [, no, name = ''] = /^(no-?)?(.*)$/.exec(word) ?? []
    const attribute = ATTRIBUTES[name]
    if (word === 'reset') codes.push(0)
    else if (attribute !== undefined) codes.push(no === undefined ? attribute : attribute === 1 ? 22 : attribute + 20)
    else {
      const color = colorCode(word, isBackground)
      if (color === undefined) known = false
      else if (color !== '') codes.push(color)
      isBackground = true
    }
  }
  if (!known) return undefined
  return codes.length === 0 ? '' : `\x1b[${codes.join(';')}m`
}

/** Empty for the colour that is there anyway. */
function colorCode(word: string, isBackground: boolean): string | undefined {
  const base = isBackground ? 40 : 30
  if (word === 'normal' || word === '-1') return ''
  if (word === 'default') return String(base + 9)
  const bright = word.startsWith('bright')
  const index = NAMES.indexOf(bright ? word.slice(6) : word)
  if (index !== -1) return String(base + (bright ? 60 : 0) + index)
  const rgb = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/.exec(word)
  if (rgb !== null) return [base + 8, 2, ...rgb.slice(1).map((hex) => Number.parseInt(hex, 16))].join(';')
  return /^\d{1,3}$/.test(word) && Number(word) < 256 ? [base + 8, 5, Number(word)].join(';') : undefined
}
