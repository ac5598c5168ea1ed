import type { ConfigNode, ConfigText, ListNode, MapNode } from './nodes.ts'

/**
 * Changes of a configuration's text that leave all else as it is: comments, layout, line breaks.
 *
 * A list that aliases share is changed once. Nodes must be those of the same text.
 */
export interface NodeEdits {
  insert(offset: number, text: string): void
  addEntry(map: MapNode, entry: string): void
  removeEntry(map: MapNode, index: number): void
  /** The list must not be empty. */
  addItem(list: ListNode, item: string): void
  removeItem(list: ListNode, index: number): void
  /** The text with all changes. */
  result(): string
  /** The line break of the text. */
  readonly eol: string
}

/** Starts to change a text. Edits must not overlap. */
export function nodeEdits({ text }: ConfigText): NodeEdits {
  const edits = new Map<number, { readonly end: number; readonly text: string }>()
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const insert = (offset: number, inserted: string) => edits.set(offset, { end: offset, text: inserted })
  const cut = (start: number, end: number) => edits.set(start, { end, text: '' })

  return {
    eol,
    insert,
    addEntry(map, entry) {
      const last = map.entries.findLast(({ merged }) => !merged)
      if (last === undefined) insert(map.start + 1, ` ${entry} `)
      else if (map.flow) insert(endOf(last.value), `, ${entry}`)
      else insert(lineEnd(endOf(last.value)), `${eol}${' '.repeat(columnOf(last.key.start))}${entry}`)
    },
    removeEntry({ entries, flow }, index) {
      const [before, entry, after] = [entries[index - 1], entries[index]!, entries[index + 1]]
      const { start } = entry.key
      const end = endOf(entry.value)
      if (entries.length === 1) edits.set(start, { end, text: flow ? '' : '{}' })
      else if (!flow && /^ *$/.test(text.slice(lineStart(start), start))) cut(lineStart(start), nextLine(end))
      else if (after !== undefined) cut(start, after.key.start)
      else cut(endOf(before!.value), end)
    },
    addItem({ flow, items }, item) {
      const last = items.at(-1)!
      if (flow) insert(endOf(last), `, ${item}`)
      // The dash of an item that stands behind another dash is in the same column.
      else insert(lineEnd(endOf(last)), `${eol}${' '.repeat(dashOf(last.start))}- ${item}`)
    },
    removeItem({ flow, items }, index) {
      const [before, item, after] = [items[index - 1], items[index]!, items[index + 1]]
      const end = endOf(item)
      if (!flow && /^ *- +$/.test(text.slice(lineStart(item.start), item.start))) {
        cut(lineStart(item.start), nextLine(end))
      } else if (after !== undefined) cut(item.start, after.start)
      else cut(endOf(before!), end)
    },
    result() {
      let out = ''
      let done = 0
      for (const [start, edit] of [...edits].sort(([a], [b]) => a - b)) {
        out += text.slice(done, start) + edit.text
        done = edit.end
      }
      return out + text.slice(done)
    },
  }

  function lineStart(offset: number): number {
    return text.lastIndexOf('\n', offset - 1) + 1
  }

  function columnOf(offset: number): number {
    return offset - lineStart(offset)
  }

  /** The column of the dash before an item. */
  function dashOf(offset: number): number {
    return columnOf(text.lastIndexOf('-', offset - 1))
  }

  /** Before the line break, or the end of the text. */
  function lineEnd(offset: number): number {
    const end = text.indexOf('\n', offset)
    if (end === -1) return text.length
    return text[end - 1] === '\r' ? end - 1 : end
  }

  function nextLine(offset: number): number {
    const end = text.indexOf('\n', offset)
    return end === -1 ? text.length : end + 1
  }
}

/** Where the text of a node ends; a block ends where its last part does. */
function endOf(node: ConfigNode): number {
  if (node.kind === 'list' && !node.flow && node.items.length > 0) return endOf(node.items.at(-1)!)
  if (node.kind === 'map' && !node.flow && node.entries.length > 0) return endOf(node.entries.at(-1)!.value)
  return node.end
}
