import { openSync, type PathLike } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { ReadStream, WriteStream } from 'node:tty'
import { KmsfileError } from '../errors.ts'
import type { Terminal } from './host.ts'
import { interrupted, untilAborted } from './interrupt.ts'
import { type LineInput, lineInput } from './line-input.ts'

/** An open terminal, or what stands for one. */
export interface TerminalStreams {
  readonly input: Readable
  readonly output: Writable
  /** Without it nothing typed is shown, and every key arrives at once. */
  setEcho(on: boolean): void
  close(): void
}

/** Asks on whatever `open` opens. What is typed ahead counts for the next question. */
export function terminalOver(open: () => TerminalStreams, signal: AbortSignal): Terminal {
  const line = lineInput()
  const question = async (text: string, hidden: boolean): Promise<string> => {
    const streams = open()
    try {
      // First, so that what is typed before the question is seen is not seen either.
      if (hidden) streams.setEcho(false)
      streams.output.write(text)
      return await untilAborted(signal, () => readLine(streams.input, line))
    } finally {
      if (hidden) {
        streams.setEcho(true)
        // Nobody saw the Enter.
        streams.output.write('\n')
      }
      streams.close()
    }
  }
  return {
    ask: (text) => question(text, false),
    askHidden: (text) => question(text, true),
  }
}

function readLine(input: Readable, line: LineInput): Promise<string> {
  return new Promise((resolve, reject) => {
    const settle = (end: ReturnType<LineInput['feed']>) => {
      if (end === undefined) return
      input.off('data', onData).off('end', onEnd).off('error', reject).pause()
      if (end.kind === 'line') resolve(end.text)
      else reject(end.kind === 'interrupt' ? interrupted() : noAnswer())
    }
    const onData = (bytes: Uint8Array) => settle(line.feed(bytes))
    const onEnd = () => settle(line.end())
    const typedAhead = line.feed(new Uint8Array())
    if (typedAhead !== undefined) return settle(typedAhead)
    input.on('data', onData).on('end', onEnd).on('error', reject)
  })
}

function noAnswer(): KmsfileError {
  return new KmsfileError('no answer was given', { code: 'INPUT_NEEDED' })
}

export function openStreams(inputPath: PathLike, outputPath: PathLike): TerminalStreams {
  const input = new ReadStream(openSync(inputPath, 'r+'))
  const output = new WriteStream(openSync(outputPath, 'r+'))
  return {
    input,
    output,
    setEcho: (on) => void input.setRawMode(!on),
    close: () => {
      input.destroy()
      output.destroy()
    },
  }
}
