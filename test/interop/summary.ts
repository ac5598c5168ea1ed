import type { Reporter, TestModule } from 'vitest/node'

declare module 'vitest' {
  interface TaskMeta {
    /** What a test went through, for the summary: name to number. */
    counts?: Readonly<Record<string, number>>
  }
}

/** Prints, at the end of a run, how much every test has gone through. */
export class Summary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines: string[] = []
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { counts } = test.meta()
        if (counts === undefined) continue
        const parts = Object.entries(counts).map(([name, count]) => `${name}: ${count}`)
        lines.push(`  ${test.fullName}\n    ${parts.join(', ')}`)
      }
    }
    console.log(`\ninterop\n${lines.join('\n')}\n`)
  }
}
