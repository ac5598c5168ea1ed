import { chmodSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { entryId } from '../../src/agent/entry-id.ts'
import { type AgentMemory, agentMemory } from '../../src/agent/memory.ts'
import { serveAgent } from '../../src/agent/server.ts'
import type { AwsKmsKey, MasterKey } from '../../src/core/master-key.ts'
import { hostIn, scratch, type TestHost } from '../host/scratch.ts'

const key = () => new Uint8Array(32).fill(7)
const kms: AwsKmsKey = { type: 'aws-kms', arn: 'arn:aws:kms:eu-central-1:111122223333:alias/prod' }

function memoryOf(host: TestHost): AgentMemory {
  const memory = agentMemory(host)
  onTestFinished(() => memory.close())
  return memory
}

async function startAgent(folder = scratch()): Promise<TestHost & { readonly ended: Promise<unknown> }> {
  const host = hostIn(folder)
  let ended: Promise<unknown> = Promise.resolve()
  await new Promise<void>((ready) => {
    ended = serveAgent(host, { idleMs: 60_000, every: () => () => {}, ready })
  })
  onTestFinished(async () => {
    host.abort()
    await ended
  })
  return { ...host, ended }
}

describe('the memory of an agent', () => {
  test('outlives the run that filled it', async () => {
    const host = await startAgent()
    const first = memoryOf(host)
    expect(await first.get('wrapped', kms)).toBeUndefined()
    await first.set('wrapped', kms, key())
    first.close()

    expect(await memoryOf(host).get('wrapped', kms)).toEqual(key())
  })

  test('of one wrapped key is not that of another, nor of the same under another key, role, profile or context', () => {
    const vault: MasterKey = { type: 'vault-transit', address: 'https://a', enginePath: 'transit', keyName: 'k' }
    const ids = [
      entryId('wrapped', kms),
      entryId('other', kms),
      entryId('wrapped', { ...kms, arn: `${kms.arn}2` }),
      entryId('wrapped', { ...kms, role: 'r' }),
      entryId('wrapped', { ...kms, profile: 'r' }),
      entryId('wrapped', { ...kms, encryptionContext: { a: 'b' } }),
      entryId('wrapped', { ...kms, encryptionContext: { a: 'c' } }),
      entryId('wrapped', { type: 'age', recipient: kms.arn }),
      entryId('wrapped', vault),
      entryId('wrapped', { ...vault, address: 'https://b' }),
    ]
    expect(new Set(ids).size).toBe(ids.length)
    expect(entryId('wrapped', { ...kms, role: undefined })).toBe(ids[0])
  })

  test('connects anew where the agent has ended a connection that nobody used', async () => {
    const host = await startAgent()
    const memory = memoryOf(host)
    await memory.set('wrapped', kms, key())
    host.abort()
    await host.ended
    await startAgent(host.homeDir)

    expect(await memory.get('wrapped', kms)).toBeUndefined()
    await memory.set('wrapped', kms, key())
    expect(await memory.get('wrapped', kms)).toEqual(key())
  })
})

describe('without an agent', () => {
  test('nothing is remembered, and nothing fails', async () => {
    const memory = memoryOf(hostIn(scratch()))
    await memory.set('wrapped', kms, key())
    expect(await memory.get('wrapped', kms)).toBeUndefined()
  })

  test('that answers, one is asked once', async () => {
    const folder = scratch()
    mkdirSync(join(folder, 'kmsfile'), { mode: 0o700 })
    let connections = 0
    let frames = 0
    const mute = createServer((socket) => {
      connections++
      socket.on('data', () => frames++)
    })
    const path = join(folder, 'kmsfile/agent.sock')
    await new Promise<void>((resolve) => mute.listen(path, resolve))
    onTestFinished(() => void mute.close())
    chmodSync(path, 0o600)

    const memory = memoryOf(hostIn(folder))
    for (const wrapped of ['a', 'b', 'c']) {
      expect(await memory.get(wrapped, kms)).toBeUndefined()
      await memory.set(wrapped, kms, key())
    }
    expect({ connections, frames }).toEqual({ connections: 1, frames: 1 })
  })
})
