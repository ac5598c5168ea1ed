import type { OwnProgram } from '../../host/machine.ts'

/** A word that a shell reads as it is, whatever is in it. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

export interface CommandLine {
  /** What follows `kmsfile`, as a shell reads it: `git textconv "$1"`. */
  readonly words: string
  /** Tried before the PATH, which graphical programs often start git with too little of. */
  readonly program?: OwnProgram | undefined
  /** What is done where no kmsfile is to be found. */
  readonly otherwise: string
}

/** A command for a shell that finds kmsfile and runs it. */
export function commandLine({ words, program, otherwise }: CommandLine): string {
  const known =
    program === undefined
      ? ''
      : `if test -x ${shellWord(program.node)} && test -f ${shellWord(program.script)}; ` +
        `then ${shellWord(program.node)} ${shellWord(program.script)} ${words}; el`
  return `${known}if command -v kmsfile >/dev/null 2>&1; then kmsfile ${words}; else ${otherwise}; fi`
}

/** A command as a function, for what git appends its arguments to. */
export function asFunction(body: string): string {
  return `f() { ${body}; }; f`
}
