import type { CallOptions } from './provider.ts'

/** The calls of one run to key services, and what came of them. */
export interface Calls {
  /** What `share` gave for `id` before; a copy. */
  known(id: string): Uint8Array | undefined
  /**
   * Runs `work` once for each `id`, and gives its bytes to all who ask, now and later, each a copy of their own. Whoever
   * aborts leaves; the work is aborted when the last has left.
   */
  share(id: string, work: SharedWork, options: ShareOptions): Promise<Uint8Array>
  /** Runs `work` when fewer than the limit are running. */
  slot<T>(work: () => Promise<T>): Promise<T>
  /** Wipes what is remembered. */
  forget(): void
}

export interface ShareOptions extends CallOptions {
  /** Whether a failure is an answer too, for all who ask later. One that comes of an abort never is. */
  readonly keepFailure: boolean
}

type SharedWork = (signal: AbortSignal) => Promise<Uint8Array>

interface SharedCall {
  readonly bytes: Promise<Uint8Array>
  readonly abort: AbortController
  waiting: number
}

/** A run asks no key service for the same thing twice, and not for more than `maxConcurrent` things at a time. */
export function createCalls({ maxConcurrent = 50 }: { readonly maxConcurrent?: number } = {}): Calls {
  const underWay = new Map<string, SharedCall>()
  const results = new Map<string, Uint8Array>()
  const queue: (() => void)[] = []
  let running = 0

  function begin(id: string, work: SharedWork, keepFailure: boolean): SharedCall {
    const abort = new AbortController()
    const bytes = work(abort.signal)
    const call: SharedCall = { bytes, abort, waiting: 0 }
    underWay.set(id, call)
    const leave = () => {
      if (underWay.get(id) === call) underWay.delete(id)
    }
    bytes.then(
      (result) => {
        if (underWay.get(id) === call) results.set(id, result)
        leave()
      },
      () => {
        if (!keepFailure || abort.signal.aborted) leave()
      },
    )
    return call
  }

  return {
    known: (id) => results.get(id)?.slice(),

    async share(id, work, { signal, keepFailure }) {
      const known = results.get(id)
      if (known !== undefined) return known.slice()
      const call = underWay.get(id) ?? begin(id, work, keepFailure)
      call.waiting++
      try {
        return (await orAbort(call.bytes, signal)).slice()
      } finally {
        call.waiting--
        if (call.waiting === 0 && signal?.aborted) {
          call.abort.abort()
          if (underWay.get(id) === call) underWay.delete(id)
        }
      }
    },

    async slot(work) {
      // A slot that becomes free goes to who waits longest, without a gap in which somebody else could take it.
      if (running >= maxConcurrent) await new Promise<void>((resolve) => queue.push(resolve))
      else running++
      try {
        return await work()
      } finally {
        const waiting = queue.shift()
        if (waiting === undefined) running--
        else waiting()
      }
    },

    forget() {
      for (const bytes of results.values()) bytes.fill(0)
      results.clear()
      underWay.clear()
    },
  }
}

async function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  let stop: (() => void) | undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(Object.assign(new Error('aborted'), { name: 'AbortError' }))
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop)
  }
}
