import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configLines } from '../../src/git/install/config-block.ts'

// Beyond 128, git from 2.42 on gives up the whole merge instead of calling the file a conflict.
test.each([
  ['exit 0', 0],
  ['exit 1', 1],
  ['exit 128', 128],
  ['exit 130', 1],
  ['kill -KILL $$', 1],
  ['kill -TERM $$', 1],
])('where kmsfile does %j, the driver that is installed ends with %i', (what, code) => {
  const folder = mkdtempSync(join(tmpdir(), 'driver-line-'))
  try {
    const [config, program] = [join(folder, 'config'), join(folder, 'kmsfile')]
    const settings = { guard: false, strictRefs: false, diff: 'plain', hooks: 'auto' } as const
    writeFileSync(config, configLines(settings, { program: undefined, events: [], any: true }).join('\n'))
    writeFileSync(program, `#!/bin/sh\n${what}\n`)
    chmodSync(program, 0o755)
    const driver = spawnSync('git', ['config', '--file', config, 'merge.kmsfile.driver'], { encoding: 'utf8' }).stdout
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}` }
    expect(spawnSync('sh', ['-c', driver], { env }).status).toBe(code)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
