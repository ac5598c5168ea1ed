import { printPath } from '../core/path.ts'
import type { Path } from '../core/tree.ts'
import type { ChangeResult } from '../operations/set.ts'
import type { Cli } from './command.ts'

/** Says what a change of one value did, without the value. */
export async function tellChange(
  cli: Cli,
  { file, path, result }: { file: string; path: Path; result: ChangeResult },
): Promise<void> {
  const { outcome, created, readable, whole } = result
  const place = printPath(path)
  if (cli.json) await cli.outJson({ file, path: place, outcome, created })
  const untouched = { unchanged: 'is as it was', absent: 'is not there' }
  if (outcome === 'unchanged' || outcome === 'absent') {
    cli.say(`${file}: ${place} ${untouched[outcome]}; nothing was changed`)
  } else cli.say(`${file}: ${created ? 'made, ' : ''}${place} ${outcome}`)
  if (readable !== 'nothing') {
    const what = readable === 'all' ? place : `a part of ${place}`
    cli.warn(`${what} is not encrypted: its selector leaves it readable for everybody`, { file })
  }
  if (whole !== undefined) cli.warn(`encrypted as one value, keys and all: ${whole}`, { file })
}
