import { expect, test } from 'vitest'
import { foreignMachine, NOBODY } from './foreign-repository.ts'

test('merges of a repository of somebody else ask no key service, nor does looking at them', async () => {
  const machine = await foreignMachine()
  const { git, asked } = machine
  for (const words of [
    ['merge', 'other'],
    ['diff'],
    ['merge', '--abort'],
    ['cherry-pick', 'other'],
    ['cherry-pick', '--abort'],
    ['rebase', 'other'],
    ['rebase', '--abort'],
    ['merge-tree', '--write-tree', 'main', 'other'],
    ['merge', '-s', 'ours', 'other'],
    ['log', '-1', '--remerge-diff'],
    ['log', '-1', '-p', '--cc'],
  ]) {
    const { stderr } = await git(...words)
    expect({ words, ...asked() }).toEqual({ words, ...NOBODY })
    // That the driver was there, and what it lacked.
    if (words[1] === 'other') expect(stderr).toMatch(/nobody has used this key here yet|could not apply|kmsfile/)
  }
})
