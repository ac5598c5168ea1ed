import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { pages } from './pages.ts'

const anchors = new Map(pages().map(({ path, text }) => [path, anchorsOf(text)]))

test.each(pages().map((page) => [page.name, page] as const))(
  'the links of %s lead somewhere',
  (_name, { path, text }) => {
    const dead = [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^https:\/\//.test(target) && !leads(path, target))

    expect(dead).toEqual([])
  },
)

function leads(from: string, target: string): boolean {
  const [file = '', anchor] = target.split('#')
  const path = file === '' ? from : resolve(dirname(from), file)
  return existsSync(path) && (anchor === undefined || anchors.get(path)?.has(anchor) === true)
}

/** As GitHub makes them of headings. */
function anchorsOf(text: string): ReadonlySet<string> {
  return new Set(
    [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}
