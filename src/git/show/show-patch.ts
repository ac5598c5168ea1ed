/** What git prints about one file, apart from its hunks and with them. Bytes as characters: `latin1`. */
export interface PatchSection {
  /** Two versions, or a merge with its parents: `cc` without what is as in one of them, `combined` with all. */
  readonly kind: 'pair' | 'cc' | 'combined'
  /** What stands before each of its lines: lines of a graph, with their colours. */
  readonly prefix: string
  /** Lines before the first hunk, as git printed them, with their line breaks. */
  readonly header: readonly string[]
  /** Lines of the hunks, or the one that says that there are none because it is no text. */
  readonly body: readonly string[]
  /** Object ids of the old versions, one but for merges, as far as git printed them. */
  readonly old: readonly string[]
  readonly new: string
  /** Of what is a link, or has other rights than before. */
  readonly modes: readonly string[]
  /** As `+++` has it, or `---` where it is gone, with the prefix of git. Undefined where no line says so. */
  readonly path: string | undefined
  /** As `---` has it, where that is another one. */
  readonly oldPath: string | undefined
  /** Nothing is left of the file. */
  readonly isGone: boolean
  /** The last part of the name. */
  readonly name: string
}

/** Takes apart what git prints: patches of files, and all else as it is. */
export interface PatchReader {
  push(text: string): readonly (string | PatchSection)[]
  /** What is left at the end. */
  end(): readonly (string | PatchSection)[]
}

/** Beyond this, a patch is let through as it is. */
const MAX_SECTION_CHARS = 64 * 1024 * 1024
const MAX_SECTION_LINES = 1_000_000

const COLOR = /\x1b\[[\d;]*m/g
const COLORS_AT_END = /(?:\x1b\[[\d;]*m)+$/
/** How a patch starts; behind the lines of a graph, where there is one. */
const START = /^([ |/\\*_.-]*)diff --(git|cc|combined) (.*)/s
const HEADER =
  /^(?:old mode|new mode|deleted file mode|new file mode|mode|remerge|copy from|copy to|rename from|rename to|similarity index|dissimilarity index|index|---|\+\+\+) /
const INDEX = /^index ([0-9a-f]{4,64}(?:,[0-9a-f]{4,64})*)\.\.([0-9a-f]{4,64})/
/** Modes that are named: where they change, and behind the ids where they do not. */
const MODES =
  /^(?:(?:old |new |deleted file |new file )?mode|index [0-9a-f]+\.\.[0-9a-f]+) ([0-7]{6}(?:(?:,|\.\.)[0-7]{6})*)$/
const HUNK = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/
const COMBINED_HUNK = /^(@{3,})((?: -\d+(?:,\d+)?)+) \+\d+(?:,(\d+))? @/

/** A section that is being read. */
interface Draft {
  readonly prefix: string
  readonly plainPrefix: string
  readonly kind: PatchSection['kind']
  readonly firstName: string
  readonly header: string[]
  readonly body: string[]
  old: readonly string[]
  new: string
  modes: readonly string[]
  oldPath: string | undefined
  isGone: boolean
  newPath: string | undefined
  /** Lines of the hunk that are still to come: of each old version, then of the new one. */
  left: number[]
  chars: number
}

export function patchReader({ graph = false }: { readonly graph?: boolean | undefined } = {}): PatchReader {
  /** The start of a line that has not ended yet. */
  let rest: string[] = []
  let restChars = 0
  let plain = ''
  let draft: Draft | undefined
  let items: (string | PatchSection)[] = []

  const flush = () => {
    if (plain !== '') items.push(plain)
    plain = ''
  }
  const giveUp = () => {
    if (draft !== undefined) plain += [...draft.header, ...draft.body].join('')
    draft = undefined
  }
  const finish = () => {
    if (draft === undefined) return
    const section = sectionOf(draft)
    if (section === undefined) return giveUp()
    flush()
    items.push(section)
    draft = undefined
  }
  const take = (line: string) => {
    if (draft !== undefined && continues(draft, line)) {
      draft.chars += line.length
      if (draft.chars > MAX_SECTION_CHARS || draft.body.length > MAX_SECTION_LINES) giveUp()
      return
    }
    finish()
    draft = startOf(line, graph)
    if (draft === undefined) plain += line
  }

  const keep = (start: string) => {
    if (start === '') return
    restChars = rest.length === 0 ? start.length : restChars + start.length
    rest.push(start)
    if (restChars <= MAX_SECTION_CHARS) return
    // What is in so long a line is nothing that is to be shown by its values.
    giveUp()
    plain += rest.join('')
    rest = []
    flush()
  }

  return {
    push(text) {
      let at = 0
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', at)) {
        const line = text.slice(at, end + 1)
        take(rest.length === 0 ? line : rest.join('') + line)
        rest = []
        at = end + 1
      }
      keep(text.slice(at))
      if (draft === undefined) flush()
      return taken()
    },
    end() {
      if (rest.length > 0) take(rest.join(''))
      rest = []
      finish()
      flush()
      return taken()
    },
  }

  function taken() {
    const found = items
    items = []
    return found
  }
}

function withoutColor(line: string): string {
  return line.includes('\x1b') ? line.replace(COLOR, '') : line
}

function startOf(line: string, graph: boolean): Draft | undefined {
  if (!line.includes('diff --')) return undefined
  const [, plainPrefix = '', word = '', names = ''] = START.exec(withoutColor(line)) ?? []
  if (names === '' || (plainPrefix !== '' && !graph)) return undefined
  return {
    prefix: line.slice(0, line.indexOf('diff --')).replace(COLORS_AT_END, ''),
    plainPrefix,
    kind: word === 'git' ? 'pair' : (word as 'cc' | 'combined'),
    firstName: names.trimEnd(),
    header: [line],
    body: [],
    old: [],
    new: '',
    modes: [],
    oldPath: undefined,
    isGone: false,
    newPath: undefined,
    left: [],
    chars: line.length,
  }
}

/** Adds a line to the section that it belongs to; false where it is not part of it. */
function continues(draft: Draft, line: string): boolean {
  if (takePlainLine(draft, line)) return true
  const whole = withoutColor(line)
  if (!whole.startsWith(draft.plainPrefix)) return false
  const text = whole.slice(draft.plainPrefix.length).replace(/\r?\n$/, '')
  if (draft.left.some((count) => count > 0)) return takeHunkLine(draft, line, text)
  const left = hunkLines(text)
  if (left !== undefined) draft.left = left
  else if (draft.body.length === 0 && HEADER.test(text)) {
    readHeader(draft, text)
    draft.header.push(line)
    return true
  } else if (!isAside(draft, text)) return false
  draft.body.push(line)
  return true
}

/** `\ No newline at end of file`, or that the file is no text. */
function isAside({ body }: Draft, text: string): boolean {
  return body.length === 0 ? /^Binary files (?:.* )?differ$/s.test(text) : text.startsWith('\\ ')
}

function hunkLines(text: string): number[] | undefined {
  const pair = HUNK.exec(text)
  if (pair !== null) return [Number(pair[1] ?? 1), Number(pair[2] ?? 1)]
  const [, marks, ranges = '', count = '1'] = COMBINED_HUNK.exec(text) ?? []
  if (marks === undefined) return undefined
  const old = ranges
    .trim()
    .split(' ')
    .map((range) => Number(range.split(',')[1] ?? 1))
  return [...old, Number(count)]
}

/** Most lines are those of two versions without colours: there are many, and one look tells which they are of. */
function takePlainLine({ kind, left, plainPrefix, body }: Draft, line: string): boolean {
  const [old = 0, now = 0] = left
  if (kind !== 'pair' || plainPrefix !== '' || (old <= 0 && now <= 0)) return false
  const mark = line.charAt(0)
  if (mark !== ' ' && mark !== '-' && mark !== '+') return false
  if (mark !== '+') left[0] = old - 1
  if (mark !== '-') left[1] = now - 1
  body.push(line)
  return true
}

/** In a merge each old version has a column of its own. */
function takeHunkLine(draft: Draft, line: string, text: string): boolean {
  if (!text.startsWith('\\')) {
    const columns = text.slice(0, draft.left.length - 1)
    if (!/^[ +-]+$/.test(columns)) return false
    const isOld = columns.includes('-')
    draft.left = draft.left.map((count, i) => {
      if (i === draft.left.length - 1) return isOld ? count : count - 1
      const mark = columns.charAt(i)
      return (isOld ? mark === '-' : mark !== '+') ? count - 1 : count
    })
  }
  draft.body.push(line)
  return true
}

function readHeader(draft: Draft, text: string): void {
  const [, old, now] = INDEX.exec(text) ?? []
  if (old !== undefined && now !== undefined) {
    draft.old = old.split(',')
    draft.new = now
  }
  const [, modes] = MODES.exec(text) ?? []
  if (modes !== undefined) draft.modes = [...draft.modes, ...modes.split(/,|\.\./)]
  if (text.startsWith('deleted file mode ')) draft.isGone = true
  if (text.startsWith('--- ')) draft.oldPath = pathIn(text)
  if (text.startsWith('+++ ')) draft.newPath = pathIn(text)
}

/** Git puts a tab behind a name with a space, and names with anything else in quotes. */
function pathIn(text: string): string | undefined {
  const path = unquoted(text.slice(4).replace(/\t$/, ''))
  return path === '/dev/null' ? undefined : path
}

function sectionOf(draft: Draft): PatchSection | undefined {
  const { kind, prefix, header, body, old, new: now, modes, newPath, oldPath, isGone, firstName } = draft
  if (body.length === 0 || now === '' || draft.left.some((count) => count > 0)) return undefined
  // A merge has one name, and the first line says it without a prefix.
  const path = kind === 'pair' ? (newPath ?? oldPath ?? sameName(firstName)) : unquoted(firstName)
  const name = path ?? unquoted(firstName.replace(/^.* (?="?)/s, ''))
  return {
    kind,
    prefix,
    header,
    body,
    old,
    new: now,
    modes,
    path,
    oldPath,
    isGone,
    name: name.slice(name.lastIndexOf('/') + 1),
  }
}

/** The name behind both prefixes of the first line, with the second; git says no other where it takes a file for binary. */
function sameName(names: string): string | undefined {
  const half = (names.length - 1) / 2
  const [first, second] = [unquoted(names.slice(0, half)), unquoted(names.slice(half + 1))]
  const own = (name: string) => name.slice(name.indexOf('/') + 1)
  return Number.isInteger(half) && own(first) === own(second) ? second : undefined
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  t: '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  '"': '"',
  '\\': '\\',
}

/** A name as it is, as bytes: git quotes names as C does strings. */
function unquoted(text: string): string {
  if (!/^".*"$/s.test(text)) return text
  return text
    .slice(1, -1)
    .replace(/\\(?:([0-7]{3})|(.))/gs, (_, octal?: string, letter = '') =>
      octal === undefined ? (ESCAPES[letter] ?? letter) : String.fromCharCode(Number.parseInt(octal, 8)),
    )
}
