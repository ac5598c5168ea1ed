import type { GitConfig } from '../../vcs/git-config.ts'
import type { ShowCall } from './show.ts'

/** What of git's options changes what we do. */
export interface ShowOptions {
  /** Git has to see values itself: it starts its diff driver for each version, where one is set up. */
  readonly usesDriver: boolean
  /** Git is to print them, too: in a way that we know nothing of. */
  readonly isPrintedByGit: boolean
  /** The exit code says whether there is a difference. */
  readonly hasExitCode: boolean
  readonly graph: boolean
  /** Unchanged lines around a change. */
  readonly context: number
  /** Changes with so many lines more between them share a hunk. */
  readonly interHunkContext: number
}

/** Searches in both versions; merges that git makes anew, whose versions are nowhere else. */
const SEARCH = /^(?:-[SG]|--pickaxe|--remerge-diff$|--diff-merges=r)/
/** Words, white space, functions and marks of lines. */
const STYLE =
  /^(?:--(?:word-diff|color-words|color-moved|line-prefix|ws-error-highlight|output-indicator|ignore-(?:space|all-space|blank|cr|matching)|function-context$)|-[wbWI]|-L\d)/

export function readShowOptions({ args, config, view }: Pick<ShowCall, 'args' | 'config' | 'view'>): ShowOptions {
  const end = args.indexOf('--')
  const options = end === -1 ? args : args.slice(0, end)
  // Without a driver git would show ciphertext.
  const hasDriver = config.get('diff.kmsfile.textconv') !== undefined
  const isPrintedByGit = hasDriver && view === 'lines' && options.some((arg) => STYLE.test(arg))
  return {
    isPrintedByGit,
    usesDriver: isPrintedByGit || (hasDriver && options.some((arg) => SEARCH.test(arg))),
    hasExitCode: options.some((arg) => ['--exit-code', '--quiet', '--no-index'].includes(arg)),
    graph: options.includes('--graph'),
    context:
      numberOf(options, /^(?:-U|--unified=)(\d+)$/, ['-U', '--unified']) ?? configured(config, 'diff.context') ?? 3,
    interHunkContext:
      numberOf(options, /^--inter-hunk-context=(\d+)$/, ['--inter-hunk-context']) ??
      configured(config, 'diff.interhunkcontext') ??
      0,
  }
}

/** The number that an option gives, in the same word or in the next. The last one counts. */
function numberOf(options: readonly string[], pattern: RegExp, names: readonly string[]): number | undefined {
  let found: number | undefined
  for (const [i, option] of options.entries()) {
    const digits = names.includes(option) ? options[i + 1] : pattern.exec(option)?.[1]
    if (digits !== undefined && /^\d+$/.test(digits)) found = Number(digits)
  }
  return found
}

function configured(config: GitConfig, name: string): number | undefined {
  const value = config.get(name)?.value
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined
}
