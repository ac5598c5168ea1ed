import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../../', import.meta.url)

/** A fenced block of a page. */
export interface Block {
  readonly language: string
  readonly text: string
  /** Of its first line, 1-based. */
  readonly line: number
}

/** A page for people who use kmsfile. */
export interface Page {
  /** Path from the top of the project. */
  readonly name: string
  /** Absolute. */
  readonly path: string
  readonly text: string
  readonly blocks: readonly Block[]
  /** Commands that prepare the examples, and that nobody has to read: what stands in comments that start with `run`. */
  readonly hidden: readonly Block[]
}

/** README, SECURITY, CHANGELOG and everything below docs/. */
export function pages(): readonly Page[] {
  const inDocs = readdirSync(new URL('docs/', ROOT))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
  return ['README.md', 'SECURITY.md', 'CHANGELOG.md', ...inDocs].map(page)
}

/** One page. */
export function page(name: string): Page {
  const url = new URL(name, ROOT)
  const text = readFileSync(url, 'utf8')
  const blocks = matchesOf(text, /^```(\w*)\n([\s\S]*?)^```$/gm).map(
    ({ groups: [language = '', body = ''], line }) => ({
      language,
      text: body,
      line: line + 1,
    }),
  )
  const hidden = matchesOf(text, /^<!-- run\n([\s\S]*?)^-->$/gm).map(({ groups: [body = ''], line }) => ({
    language: 'hidden',
    text: body,
    line: line + 1,
  }))
  return { name, path: fileURLToPath(url), text, blocks, hidden }
}

/** A file of the project, as text. */
export function projectFile(name: string): string {
  return readFileSync(new URL(name, ROOT), 'utf8')
}

/** The rows of the tables below a heading, up to the next one: the text of each cell. */
export function tableRows({ text, name }: Page, heading: string): readonly (readonly string[])[] {
  const start = text.indexOf(`\n## ${heading}\n`)
  if (start === -1) throw new Error(`${name} has no heading "${heading}"`)
  const [section = ''] = text.slice(start + 4).split(/^## /m)
  return section
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| -/.test(line))
    .slice(1)
    .map((line) =>
      line
        .slice(2, -1)
        .split(' | ')
        .map((cell) => cell.trim()),
    )
}

function matchesOf(text: string, pattern: RegExp) {
  return [...text.matchAll(pattern)].map(({ index, 0: _, ...groups }) => ({
    groups: Object.values(groups).filter((group): group is string => typeof group === 'string'),
    line: text.slice(0, index).split('\n').length,
  }))
}
