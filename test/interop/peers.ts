import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

/** Programs of others that the suite talks to: absolute paths, null where `KMSFILE_INTEROP_SKIP` names them. */
export interface Peers {
  readonly sops: string | null
  readonly kustomize: string | null
  /** An interpreter that has moto, ministack, PyYAML and the pre-commit framework. */
  readonly python: string | null
  /** The folder with the programs of husky, lefthook and lint-staged. */
  readonly hookManagers: string | null
  /** The command line of kmsfile, built. */
  readonly kmsfile: string
  /** What npm may need to reach its registry; the tests themselves run without it. */
  readonly certificates: string | undefined
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
  const peers: Omit<Peers, 'kmsfile' | 'certificates'> = JSON.parse(found)
  for (const [name, path] of Object.entries(peers)) {
    if (path === null)
      console.warn(`interop: WITHOUT ${name}: every test that needs it is skipped (KMSFILE_INTEROP_SKIP)`)
  }
  const kmsfile = process.env['KMSFILE_BIN'] ?? inProject('dist/bin/kmsfile.cjs')
  if (!existsSync(kmsfile)) {
    execFileSync(process.execPath, [inProject('.ci/build.mjs')], { stdio: ['ignore', 'inherit', 'inherit'] })
  }
  project.provide('peers', { ...peers, kmsfile, certificates: process.env['NODE_EXTRA_CA_CERTS'] })
}
