import type { Alias, Leaf, Node, Path } from '../core/tree.ts'
import type { Scalar, Scanned } from './format.ts'
import { doubleQuoted, plainIsSafe, plainScalar, singleQuoted } from './yaml-emit-scalar.ts'
import { TAG_MARKER, type YamlLeaf } from './yaml-nodes.ts'

/** Anchors of this prefix mark a copy that stands for an alias; what follows is the alias' name. */
export const ALIAS_PREFIX = '__alias_'

/** What stands in the slot of a value while it is encrypted: the style stays visible, the spelling goes. */
export function concealYaml(source: Scanned, leaf: Leaf, envelope: string): string {
  const own = leaf as YamlLeaf
  const body = concealBody(source, own, envelope)
  if (own.start === own.valueStart) return body
  const anchor = own.anchor === undefined ? '' : `&${own.anchor} `
  return `${TAG_MARKER} ${anchor}${body}`
}

function concealBody(source: Scanned, leaf: YamlLeaf, envelope: string): string {
  switch (leaf.style) {
    case 'single':
      return `'${envelope}'`
    case 'double':
      return `"${envelope}"`
    case 'literal':
    case 'folded': {
      // Nothing but blank lines has no column that could be kept.
      if (leaf.indent < 1) return `"${envelope}"`
      const [, sign = '|', digit = ''] = headerOf(source.text, leaf)
      return `${sign}${digit}-${source.eol}${' '.repeat(leaf.indent)}${envelope}`
    }
    default:
      // An envelope has brackets and commas, which end a plain scalar inside of `[ ]`.
      return leaf.flow ? `"${envelope}"` : envelope
  }
}

/** How a decrypted value is spelled in the slot of its envelope; cosmetic, notes and the gate see to the rest. */
export function revealYaml(encrypted: Scanned, leaf: Leaf, value: Scalar): string {
  const own = leaf as YamlLeaf
  if (value.type !== 'str') return plainScalar(value)
  switch (own.style) {
    case 'single':
      return singleQuoted(value.text)
    case 'literal':
    case 'folded':
      return revealBlock(encrypted, own, value.text)
    case 'plain':
      return plainIsSafe(value.text) ? value.text : doubleQuoted(value.text)
    default:
      return doubleQuoted(value.text)
  }
}

function revealBlock({ text, eol }: Scanned, leaf: YamlLeaf, value: string): string {
  const [, sign = '|', digit = ''] = headerOf(text, leaf)
  let bodyEnd = value.length
  while (value.charCodeAt(bodyEnd - 1) === 0x0a) bodyEnd--
  const body = value.slice(0, bodyEnd)
  const chomping = body === value ? '-' : value.length === body.length + 1 ? '' : '+'
  const kept = chomping === '+' ? value.slice(body.length + 1) : ''
  const pad = ' '.repeat(Math.max(leaf.indent, 0))
  const lines = `${body}${kept}`.split('\n').map((line) => (line === '' ? '' : pad + line))
  return `${sign}${digit}${chomping}${eol}${lines.join(eol)}`
}

function headerOf(text: string, leaf: YamlLeaf): readonly string[] {
  const header = /^([|>])[+-]?(\d?)/.exec(text.slice(leaf.valueStart, leaf.valueStart + 3))
  return header ?? []
}

/** The copy that stands for an alias, in flow style, marked by its anchor. */
export function concealYamlAlias(
  alias: Alias,
  envelopeOf: (leaf: Leaf, path: Path) => string | undefined,
  path: Path,
): string {
  return `&${ALIAS_PREFIX}${alias.name} ${copy(alias.target, path)}`

  function copy(node: Node, at: Path): string {
    switch (node.kind) {
      case 'leaf': {
        const envelope = envelopeOf(node, at)
        if (envelope !== undefined) return `"${envelope}"`
        if (node.type === 'null') return 'null'
        return node.type === 'str' ? doubleQuoted(node.text) : plainScalar(node)
      }
      case 'alias':
        return copy(node.target, at)
      case 'map': {
        const entries = node.items.flatMap((item) =>
          item.kind === 'comment'
            ? []
            : [`${item.merge === true ? '<<' : doubleQuoted(item.key)}: ${copy(item.value, [...at, item.key])}`],
        )
        return `{${entries.join(', ')}}`
      }
      case 'list': {
        const items = node.items.flatMap((item) => (item.kind === 'comment' ? [] : [item]))
        return `[${items.map((item, i) => copy(item, [...at, i])).join(', ')}]`
      }
      default:
        return node satisfies never
    }
  }
}
