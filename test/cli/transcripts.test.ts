import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { playTranscript } from './transcript.ts'

const FOLDER = new URL('./', import.meta.url)
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'))

test.each(NAMES)('%s shows what really happens', async (name) => {
  const path = new URL(name, FOLDER)
  await expect(await playTranscript(readFileSync(path, 'utf8'))).toMatchFileSnapshot(path.pathname)
})
