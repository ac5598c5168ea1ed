import { OBEYED } from '../../host/visible.ts'

/** `1 file`, `3 files`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** A path as people should see it: in quotes, with escapes, where it would end the line or steer the terminal. */
export function shownPath(path: string): string {
  return path.search(OBEYED) === -1 ? path : JSON.stringify(path).replace(OBEYED, escapeOf)
}

/** As JSON has it. */
function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
