import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

/** Programs of others that the suite talks to: absolute paths, null where `KMSFILE_INTEROP_SKIP` names them. */
export interface Peers {
  readonly sops: string | null
  readonly kustomize: string | null
  /** An interpreter that has moto, ministack and PyYAML. */
  readonly python: string | null
  /** The command line of kmsfile, built. */
  readonly kmsfile: string
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly peers: Peers
  }
}

const inProject = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** Finds the peers before any test runs, and installs those that are missing. */
export default function setup(project: TestProject): void {
  const found = execFileSync(process.execPath, [inProject('.ci/interop-tools.mjs')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const peers: Omit<Peers, 'kmsfile'> = JSON.parse(found)
  for (const [name, path] of Object.entries(peers)) {
    if (path === null)
      console.warn(`interop: WITHOUT ${name}: every test that needs it is skipped (KMSFILE_INTEROP_SKIP)`)
  }
  const kmsfile = process.env['KMSFILE_BIN'] ?? inProject('dist/bin/kmsfile.cjs')
  if (!existsSync(kmsfile)) {
    execFileSync(process.execPath, [inProject('.ci/build.mjs')], { stdio: ['ignore', 'inherit', 'inherit'] })
  }
  project.provide('peers', { ...peers, kmsfile })
}
