import { createHash } from 'node:crypto'
import { Readable, Writable } from 'node:stream'
import { KmsfileError } from '../../src/errors.ts'
import type { Host } from '../../src/host/host.ts'
import { fakeHost } from '../fake-host.ts'

export interface Script extends Pick<Host, 'cwd' | 'env' | 'homeDir' | 'randomBytes'> {
  readonly now: Date
  readonly input: Uint8Array
  readonly stdinIsTTY: boolean
  readonly stdoutIsTTY: boolean
  readonly out: (bytes: Uint8Array) => void
  readonly err: (bytes: Uint8Array) => void
  /** Told of every question with its answer. */
  readonly asked: (question: string, answer: { readonly text: string; readonly hidden: boolean }) => void
  /** What the person at the terminal answers, in order, `^C` with Ctrl-C; undefined where there is no terminal. */
  readonly answers: readonly string[] | undefined
}

/** A machine whose clock stands still and whose terminal is a list of answers. Files and programs are real. */
export function scriptedHost(script: Script): Host {
  const { cwd, env, homeDir, randomBytes, now, input, answers, asked } = script
  const left = [...(answers ?? [])]
  const answer = (hidden: boolean) => async (question: string) => {
    const text = left.shift()
    if (text === undefined) throw new KmsfileError('no answer was given', { code: 'INPUT_NEEDED' })
    asked(question, { text, hidden })
    if (text === '^C') throw new KmsfileError('interrupted', { code: 'INTERRUPTED' })
    return text
  }
  return fakeHost({
    ...{ cwd, env, homeDir, randomBytes },
    stdin: Object.assign(Readable.from(input.length === 0 ? [] : [input]), { isTTY: script.stdinIsTTY }),
    stdout: Object.assign(sink(script.out), { isTTY: script.stdoutIsTTY }),
    stderr: sink(script.err),
    terminal: answers && { ask: answer(false), askHidden: answer(true) },
    now: () => now,
  })
}

/** Bytes that look random and are the same in every run. */
export function seededBytes(): (size: number) => Uint8Array {
  let drawn = 0
  return (size) => {
    const blocks = Array.from({ length: Math.ceil(size / 32) }, () =>
      createHash('sha256').update(`${drawn++}`).digest(),
    )
    return new Uint8Array(Buffer.concat(blocks).subarray(0, size))
  }
}

function sink(take: (bytes: Uint8Array) => void): Writable {
  return new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      take(chunk)
      done()
    },
  })
}
