import type { Host, Terminal } from '../host/host.ts'
import { mapConcurrently } from '../operations/workspace.ts'
import { usesColor } from './report.ts'

/** Work on many things, as far as it has come. */
export interface Progress {
  /** Says that one more is done. */
  step(): void
  /** Takes the line away; what else is said stands in its place. */
  end(): void
}

/** The last line of a terminal, in which the progress of one piece of work at a time is shown. */
export interface ProgressLine {
  /** `doing`: what is done to each, as in `encrypting`. */
  start(doing: string, total: number): Progress
  /** Makes room for other output; the line comes back when there is something new to show. */
  clear(): void
  /** Keeps the line away while somebody is asked; the time that they take does not count. */
  pause<T>(action: () => Promise<T>): Promise<T>
}

type Screen = Pick<Host, 'env' | 'stderr' | 'now'>

/** Work that is done before that is not worth a line. */
const SHOWN_AFTER_MS = 1000
const REDRAWN_EVERY_MS = 200
const BAR_CELLS = 18
/** For terminals that do not say how wide they are, or say 0. */
const DEFAULT_COLUMNS = 80
// To the start of the line, and erase what stands behind (ECMA-48: EL).
const ERASE = '\r\x1b[K'

/** Shows progress on stderr, where that is a terminal that takes colour; `silent`, and for a single thing: nothing. */
export function progressLine(host: Screen, { silent }: { silent: boolean }): ProgressLine {
  let drawn = ''
  let pauses = 0
  let paused = { since: 0, ms: 0 }
  const time = () => host.now().getTime()

  function draw(text: string): void {
    if (pauses > 0 || text === drawn) return
    host.stderr.write(`${ERASE}${text}`)
    drawn = text
  }

  return {
    start(doing, total) {
      if (silent || total < 2 || !usesColor(host, 'auto')) return NO_PROGRESS
      let done = 0
      paused = { since: 0, ms: 0 }
      const start = time()
      const timer = setInterval(() => {
        const ms = time() - start - paused.ms
        if (ms >= SHOWN_AFTER_MS) draw(progressText({ doing, done, total, ms }, host.stderr.columns))
      }, REDRAWN_EVERY_MS)
      timer.unref()
      return {
        step: () => void done++,
        end() {
          clearInterval(timer)
          draw('')
        },
      }
    },
    clear() {
      if (drawn !== '') draw('')
    },
    async pause(action) {
      draw('')
      if (pauses++ === 0) paused.since = time()
      try {
        return await action()
      } finally {
        if (--pauses === 0) paused.ms += time() - paused.since
      }
    },
  }
}

/** Runs `work` on every item as `mapConcurrently` does, and shows how far it is. */
export async function mapWithProgress<T, R>(
  cli: { readonly progress: ProgressLine },
  items: readonly T[],
  { doing, work }: { doing: string; work: (item: T) => Promise<R> },
): Promise<R[]> {
  const progress = cli.progress.start(doing, items.length)
  try {
    return await mapConcurrently(items, async (item) => {
      const result = await work(item)
      progress.step()
      return result
    })
  } finally {
    progress.end()
  }
}

/** The same machine, on whose terminal a question takes the line away. */
export function pausedByQuestions(host: Host, line: ProgressLine): Host {
  const terminal = (): Terminal | undefined => {
    const own = host.terminal
    return (
      own && {
        ask: (question) => line.pause(() => own.ask(question)),
        askHidden: (question) => line.pause(() => own.askHidden(question)),
      }
    )
  }
  // Not a copy of its fields: to look at one makes a stream, which takes time.
  const fields = Object.getOwnPropertyDescriptors(host)
  return Object.defineProperties({}, { ...fields, terminal: { enumerable: true, get: terminal } }) as Host
}

const NO_PROGRESS: Progress = { step: () => {}, end: () => {} }

interface State {
  readonly doing: string
  readonly done: number
  readonly total: number
  readonly ms: number
}

function progressText({ doing, done, total, ms }: State, columns: number | undefined): string {
  const filled = Math.floor((done / total) * BAR_CELLS)
  const bar = `[${'#'.repeat(filled)}${'.'.repeat(BAR_CELLS - filled)}]`
  const count = `${done}/${total}`
  const left = done === 0 ? '' : `  ${timeText((ms / done) * (total - done))} left`
  // The last column stays free: some terminals break the line behind it.
  const texts = [`${doing} ${bar} ${count}${left}`, `${doing} ${count}${left}`, count]
  return texts.find((text) => text.length < (columns || DEFAULT_COLUMNS)) ?? ''
}

function timeText(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  return seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`
}
