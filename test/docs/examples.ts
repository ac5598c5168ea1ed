import { playTranscript } from '../cli/transcript.ts'
import type { Block, Page } from './pages.ts'

/** One command of a page, what the page says that it prints, and what it really prints. */
export interface Played {
  /** Where it stands in the page. */
  readonly line: number
  readonly command: string
  readonly expected: readonly string[]
  readonly actual: readonly string[]
}

/**
 * Plays the commands of a page's `console` blocks, one after the other in one place, as transcripts are played. Pages show
 * both streams alike, without the marks of transcripts.
 */
export async function playExamples({ blocks, hidden }: Page): Promise<readonly Played[]> {
  const consoles = [...blocks.filter(({ language }) => language === 'console'), ...hidden]
  const examples = consoles.sort((a, b) => a.line - b.line).flatMap(examplesOf)
  const script = examples.map(({ command }, i) => `# example ${i}\n$ ${command}\n`).join('\n')
  const played = (await playTranscript(script)).split(/^# example \d+\n/m).slice(1)
  return examples.map((example, i) => {
    const commandLines = example.command.split('\n').length
    const lines = (played[i] ?? '').split('\n').slice(commandLines)
    while (lines.at(-1) === '') lines.pop()
    return { ...example, actual: lines.map(unmarked) }
  })
}

/** Whether the lines of a page stand for what was printed; `...` in them is any text, alone on a line any lines. */
export function stands(expected: readonly string[], actual: readonly string[]): boolean {
  const patterns = expected.map((line) => (line === '...' ? '(?:[^\n]*\n)*' : `${patternOf(line)}\n`))
  return new RegExp(`^${patterns.join('')}$`).test(actual.map((line) => `${line}\n`).join(''))
}

function examplesOf({ text, line, language }: Block): Omit<Played, 'actual'>[] {
  const examples: { line: number; command: string; expected: string[] }[] = []
  const lines = text.split('\n').slice(0, -1)
  for (let at = 0; at < lines.length; at++) {
    const current = lines[at] ?? ''
    if (!current.startsWith('$ ')) {
      if (language !== 'hidden') examples.at(-1)?.expected.push(current)
      continue
    }
    const start = at
    const end = /<<-?\s*'?(\w+)/.exec(current)?.[1]
    if (end !== undefined) at = lines.indexOf(end, at)
    const command = lines
      .slice(start, at + 1)
      .join('\n')
      .slice(2)
    examples.push({ line: line + start, command, expected: language === 'hidden' ? ['...'] : [] })
  }
  return examples
}

function unmarked(line: string): string {
  return line.replace(/^(?:[!|] |[!|]$)/, '').replace(/ \(no eol\)$/, '')
}

function patternOf(line: string): string {
  return line
    .split('...')
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('[^\n]*')
}
