const CONTEXT_LINES = 1
const MAX_COLUMNS = 100

/** 1-based line and column of an offset; columns count UTF-16 units. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  let line = 1
  let lineStart = 0
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++
    lineStart = at + 1
  }
  return { line, column: offset - lineStart + 1 }
}

/**
 * The line of an offset with the one before it and a mark below, to be shown to people. Keys and punctuation are shown,
 * everything else is dots: a value may be a secret, also in a text that does not parse.
 */
export function maskedExcerpt(text: string, offset: number): string {
  const { line, column } = placeOf(text, offset)
  const lineStart = offset - (column - 1)
  if (column > MAX_COLUMNS || text === '') return ''
  const lines: string[] = []
  let start = lineStart
  for (let n = 0; n <= CONTEXT_LINES && start >= 0; n++) {
    const end = text.indexOf('\n', start)
    lines.unshift(masked(text.slice(start, end === -1 ? text.length : end).replace(/\r$/, '')).slice(0, MAX_COLUMNS))
    if (start === 0) break
    start = text.lastIndexOf('\n', start - 2) + 1
  }
  const numbered = lines.map((content, i) => `${String(line - lines.length + 1 + i).padStart(5)} | ${content}`)
  const mark = `${' '.repeat(5)} | ${' '.repeat(column - 1)}^`
  return [...numbered, mark].join('\n')
}

// A key of YAML or JSON with what stands before it: indentation, list marks, brackets.
const KEY = /^([\s\-?[{,]*)([A-Za-z_][\w.-]{0,39}|"[A-Za-z_][\w.-]{0,39}")(\s*:(?=\s|$))/

function masked(line: string): string {
  const [head = '', before = '', key = '', colon = ''] = KEY.exec(line) ?? []
  return `${before}${key}${colon}${line.slice(head.length).replace(/[^\s{}[\],:"'#&*|>-]/g, '.')}`
}
