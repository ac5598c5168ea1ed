import { expect, test } from 'vitest'
import { page, projectFile } from './pages.ts'

const format = page('docs/format.md')

test('the regular expressions of the page are those of the code', () => {
  const code = projectFile('src/formats/yaml-emit-scalar.ts')
  const block = format.blocks.find(({ language }) => language === 'js')
  const expressions = [...(block?.text ?? '').matchAll(/^(?:const \w+ = )?(\/.*\/[a-z]*)$/gm)].map(([, regex]) => regex)

  expect(expressions).toHaveLength(11)
  for (const regex of expressions) expect(code).toContain(regex)
})

test('the tags of the page are those of the code', () => {
  const tags = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, hex]) => hex).sort()
  const [, table = ''] = /### 2\.3 The view([\s\S]*?)\n\nThe view starts/.exec(format.text) ?? []
  const rows = table.split('\n').filter((line) => line.startsWith('| `'))

  expect(tags(rows.map((row) => row.split('|')[1]).join(), /`([0-9a-f]{2})`/g)).toEqual(
    tags(projectFile('src/core/view.ts'), /: 0x([0-9a-f]{2}),/g),
  )
})

test('the purposes of the subkeys are those of the code', () => {
  const [, purposes = ''] = /SubkeyPurpose = (.*)/.exec(projectFile('src/core/data-key.ts')) ?? []
  const listed = /^Purposes: (.*)\.$/m.exec(format.text)?.[1] ?? ''

  expect(listed.replaceAll('`', "'").split(', ').sort()).toEqual(purposes.split(' | ').sort())
})
