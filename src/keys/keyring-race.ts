/** Waits; rejects when `signal` aborts. `node:timers/promises` outside of tests. */
export type Delay = (ms: number, signal: AbortSignal) => Promise<unknown>

/** One way to a result. */
export interface Runner<T> {
  /** True where a person may be asked: it runs while nothing else does. */
  readonly alone: boolean
  /** Undefined where it did not get there; never rejects. */
  run(signal: AbortSignal): Promise<T | undefined>
}

export interface RaceOptions {
  /** How many results are wanted. */
  readonly needed: number
  /** After this long without an answer, one more joins. */
  readonly hedgeDelayMs: number
  readonly delay: Delay
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs the runners in order until as many results are there as are needed, which may be fewer than asked for.
 *
 * As many run at first as are needed. One that fails is followed by the next at once, one that does not answer within
 * the hedge delay is joined by the next. When the race is over, those still running are aborted.
 */
export async function race<T>(runners: readonly Runner<T>[], options: RaceOptions): Promise<readonly T[]> {
  const { needed, hedgeDelayMs, delay, signal } = options
  const over = new AbortController()
  const stop = () => over.abort()
  signal?.addEventListener('abort', stop)
  if (signal?.aborted) stop()

  const results: T[] = []
  const running = new Map<Runner<T>, Promise<() => void>>()
  let next = 0
  /** How many more may start. */
  let open = needed

  const start = (runner: Runner<T>) => {
    const finished = runner.run(over.signal).then((result) => () => {
      running.delete(runner)
      if (result === undefined) open++
      else results.push(result)
    })
    running.set(runner, finished)
  }

  try {
    while (results.length < needed && !over.signal.aborted) {
      while (open > 0 && mayStart(runners[next], running)) {
        start(runners[next++] as Runner<T>)
        open--
      }
      if (running.size === 0) break
      const joins = open === 0 && mayStart(runners[next], running)
      const events = [...running.values(), abortOf(over.signal)]
      // The delay ends with the race or with the next event, so that no timer outlives it.
      const event = await withTimer(events, joins ? (timer) => delay(hedgeDelayMs, timer) : undefined)
      if (event === undefined) open++
      else event()
    }
    return results
  } finally {
    signal?.removeEventListener('abort', stop)
    stop()
  }
}

function mayStart<T>(runner: Runner<T> | undefined, running: ReadonlyMap<Runner<T>, unknown>): boolean {
  if (runner === undefined) return false
  return running.size === 0 || !(runner.alone || [...running.keys()].some(({ alone }) => alone))
}

/** The first of the events; undefined if the timer was faster. */
async function withTimer<E>(
  events: readonly Promise<E>[],
  wait: ((signal: AbortSignal) => Promise<unknown>) | undefined,
): Promise<E | undefined> {
  if (wait === undefined) return Promise.race(events)
  const timer = new AbortController()
  const rang = wait(timer.signal).then(() => undefined)
  // Aborted below, where nobody listens any more.
  rang.catch(() => undefined)
  try {
    return await Promise.race([...events, rang])
  } finally {
    timer.abort()
  }
}

function abortOf(signal: AbortSignal): Promise<() => void> {
  return new Promise((resolve) => {
    const done = () => resolve(() => undefined)
    if (signal.aborted) done()
    else signal.addEventListener('abort', done, { once: true })
  })
}
