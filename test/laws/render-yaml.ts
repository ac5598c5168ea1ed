import type { Selection } from '../../src/core/selection.ts'
import { MARKS, type Shape, type YamlShape } from './yaml-documents.ts'

const { text: T } = MARKS

/** A YAML text with the tokens in it that a selection must hide, and those that it leaves readable. */
export interface TokenText {
  readonly text: string
  readonly secrets: readonly string[]
  readonly comments: readonly string[]
}

/** Makes a text of a shape, with a recognisable token in each value and comment. */
export function renderYaml(
  { documents, endings: { eol, bom, open, blanks } }: YamlShape,
  selection: Selection,
): TokenText {
  const secrets: string[] = []
  const comments: string[] = []
  let count = 0
  let anchors: Anchor[] = []

  let text = documents
    .map(({ head, root, tail }, i) => {
      anchors = []
      const start = i > 0 && !head.includes('---') ? '---\n' : ''
      // Directives want an end of the document before them.
      const end = i > 0 && head.startsWith('%') ? '...\n' : ''
      const body = block(root, -1, { secret: selection.selects(false), matched: false }).replace(/^\n| (?=\S)/, '')
      const declared = head.includes('!e!') ? body : body.replaceAll('!e!', '!')
      return end + start + fill(head, true) + declared + fill(`\n${tail}`, true)
    })
    .join('')
  let line = 0
  // Not on empty lines: one of a tab alone ends a block scalar.
  if (blanks !== '') text = text.replace(/(?<=.)$/gm, () => (line++ % 3 === 0 ? blanks : ''))
  if (open) text = text.replace(/\n$/, '')
  if (eol !== '\n') text = text.replace(/\n/g, () => (eol === '\r\n' || line++ % 2 === 0 ? '\r\n' : '\n'))
  return { text: (bom ? '\ufeff' : '') + text, secrets, comments }

  /** Puts tokens for marks. */
  function fill(template: string, secret: boolean): string {
    return template.replace(/[\ue000-\ue002]/g, (mark) => {
      count++
      if (mark === MARKS.comment) {
        comments.push(`c0mm3nt${count}x`)
        return `c0mm3nt${count}x`
      }
      const token =
        mark === MARKS.number
          ? String((secret ? 91_000_000 : 81_000_000) + count)
          : `${secret ? 's3cr3t' : 'op3n'}${count}x`
      if (secret) secrets.push(token)
      return token
    })
  }

  function properties(template: string, secret: boolean): string {
    if (!template.includes('&')) return template === '' ? '' : ` ${fill(template, true)}`
    const name = `n${anchors.length}`
    anchors.push({ name, secret, isOpen: true })
    return ` ${fill(template, true).replace('&', `&${name}`)}`
  }

  /** An alias to a secret in the open would show it: that is what sops does, too. */
  function aliasTo(back: number, secret: boolean): string | undefined {
    return anchors.filter((anchor) => !anchor.isOpen && (secret || !anchor.secret)).at(-1 - back)?.name
  }

  /** Renders a node; an alias within it cannot refer to it. */
  function closing(render: () => string): string {
    const first = anchors.length
    const text = render()
    for (const anchor of anchors.slice(first)) anchor.isOpen = false
    return text
  }

  /** What stands behind a key or dash at `column`, from the first space to before the line break. */
  function block(node: Shape, column: number, place: Selected, inline = ''): string {
    return closing(() => openBlock(node, column, place, inline))
  }

  function openBlock(node: Shape, column: number, place: Selected, inline: string): string {
    const pad = ' '.repeat(Math.max(column + 2, 0))
    switch (node.kind) {
      case 'alias': {
        const name = aliasTo(node.back, place.secret)
        return name === undefined ? fill(` ${T}${inline}`, place.secret) : ` *${name}${fill(inline, true)}`
      }
      case 'scalar': {
        const body = node.block
          .replaceAll('\n\t', `\n${pad}`)
          .replace('M', String(Math.max(pad.length - Math.max(column, 0), 1)))
        const hasLines = node.block.includes('\n')
        return (
          properties(node.properties, place.secret) +
          fill(hasLines || node.block.includes('#') ? body : body + inline, place.secret)
        )
      }
      default: {
        const head = properties(node.properties, place.secret).replaceAll('\t', pad)
        if (node.flow || node.items.length === 0) return `${head} ${flow(node, column + 1, place)}${fill(inline, true)}`
        const own =
          node.kind === 'list' && node.step === 0
            ? Math.max(column, 0)
            : column < 0
              ? 0
              : column + Math.max(node.step, 1)
        const lines = `\n${items(node, own, place)}`
        // On the line of the dash or marker, where that is allowed.
        return head === '' && inline.trim() === '' && node.layout > 3 && column >= 0
          ? compact(lines, column)
          : `${head}${fill(inline, true)}${lines}`
      }
    }
  }

  function compact(lines: string, column: number): string {
    const [, spaces = '', rest = ''] = /^\n( +)([^ #\n][\s\S]*)$/.exec(lines) ?? []
    const gap = spaces.length - column - 1
    return rest !== '' && gap > 0 ? ' '.repeat(gap) + rest : lines
  }

  function items(node: Collection, column: number, place: Selected): string {
    const margin = ' '.repeat(column)
    return node.items
      .map(({ key, node: own, note: { above, inline } }) => {
        const lines = fill(above, true).replace(/^(?=[ #])/gm, node.layout === 1 ? '' : margin)
        if (node.kind === 'list') return `${lines}${margin}-${block(own, column, place, inline)}`
        const below = inside(key, place)
        const name = key.startsWith('*')
          ? `*${aliasTo(0, true) ?? 'n0'} `
          : fill(key, true)
              .replaceAll('\n\t', `\n${margin}  `)
              .replace('&k', () => closing(() => properties('&', false)).trim())
        if (!key.startsWith('? ')) return `${lines}${margin}${name}:${block(own, column, below, inline)}`
        return `${lines}${margin}${name.trimEnd()}\n${margin}:${block(own, column, below, inline)}`
      })
      .join('\n')
  }

  function flow(node: Collection, column: number, place: Selected): string {
    const [opener, closer] = node.kind === 'map' ? '{}' : '[]'
    const onLines = node.layout === 4
    const pad = onLines ? `\n${' '.repeat(column + 1)}` : node.layout === 2 ? ' ' : ''
    const parts = node.items.map(({ key, node: own, note: { inline } }, i) => {
      const isMap = node.kind === 'map'
      const below = isMap ? inside(key, place) : place
      const name =
        key.startsWith('*') || key.includes('\n')
          ? 'z'
          : key.replace('&k', () => closing(() => properties('&', false)).trim())
      const value = flowValue(own, column + 1, below)
      const comment = onLines && /#/.test(inline) ? ` ${fill(inline, true).trim()}` : ''
      const comma = i < node.items.length - 1 || node.layout === 3 ? ',' : ''
      if (!isMap) return `${pad}${node.layout === 5 && i === 0 ? `p: ${value}` : value}${comma}${comment}`
      if (node.layout === 1 && i === 0) return `${pad}${name}${comma}${comment}`
      const glue = name.startsWith('"') && node.layout === 0 ? ':' : ': '
      return `${pad}${name}${glue}${value}${comma}${comment}`
    })
    const end = onLines && parts.length > 0 ? `\n${' '.repeat(column)}` : node.layout === 2 ? ' ' : ''
    return opener + parts.join(onLines ? '' : ' ') + end + closer
  }

  function flowValue(node: Shape, column: number, place: Selected): string {
    return closing(() => openFlow(node, column, place))
  }

  function openFlow(node: Shape, column: number, place: Selected): string {
    switch (node.kind) {
      case 'alias': {
        const name = aliasTo(node.back, place.secret)
        return name === undefined ? fill(T, place.secret) : `*${name} `
      }
      case 'scalar':
        return `${properties(node.properties, place.secret)} ${fill(node.flow, place.secret)}`.trim()
      default:
        return `${properties(node.properties.replace(/ ?#.*$/gm, ''), place.secret)} ${flow(node, column + 1, place)}`
          .replaceAll('\t', ' '.repeat(column + 2))
          .trim()
    }
  }

  function inside(key: string, { matched }: Selected): Selected {
    const name = key.replace(/^(\? |&k |!t |!!str )/, '').replace(/^["'](.*)["']$/, '$1')
    const below = matched || selection.matches(name)
    return { matched: below, secret: selection.selects(below) }
  }
}

interface Anchor {
  readonly name: string
  readonly secret: boolean
  isOpen: boolean
}

type Collection = Extract<Shape, { items: unknown }>

interface Selected {
  readonly matched: boolean
  readonly secret: boolean
}
