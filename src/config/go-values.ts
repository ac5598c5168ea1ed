import { isNull, type NodeReader } from './node-reader.ts'
import type { ConfigNode, MapNode } from './nodes.ts'

/** Takes nodes as Go's `yaml.v3` decodes them into the fields of a struct: laxer than {@link NodeReader}. */
export interface GoValues {
  /** A number or truth value is the text that it is written as; null is empty. */
  text(node: ConfigNode | undefined, what: string): string
  /** `yes`, `no`, `on` and `off` too. */
  bool(node: ConfigNode | undefined, what: string): boolean
  int(node: ConfigNode | undefined, what: string): number
  /** Null, and nulls among the items, are left out. */
  list(node: ConfigNode | undefined, what: string): readonly ConfigNode[]
  /** Undefined for null. */
  map(node: ConfigNode, what: string): MapNode | undefined
}

/** @throws KmsfileError `CONFIG_INVALID` where Go fails: a map for a text, a text for a number. */
export function goValues(reader: NodeReader): GoValues {
  const absent = (node: ConfigNode | undefined): node is undefined => node === undefined || isNull(node)
  const values: GoValues = {
    text(node, what) {
      if (absent(node)) return ''
      return node.kind === 'scalar' ? node.text : reader.text(node, what)
    },
    bool(node, what) {
      if (absent(node)) return false
      const text = node.kind === 'scalar' ? node.text : ''
      if (/^(?:y|yes|on)$/i.test(text)) return true
      return /^(?:n|no|off)$/i.test(text) ? false : reader.bool(node, what)
    },
    int(node, what) {
      if (absent(node)) return 0
      const [, digits] = (node.kind === 'scalar' && node.plain && /^([-+]?\d{1,9})(?:\.0*)?$/.exec(node.text)) || []
      return digits === undefined ? reader.int(node, what) : Number(digits)
    },
    list(node, what) {
      return absent(node) ? [] : reader.list(node, what).items.filter((item) => !isNull(item))
    },
    map(node, what) {
      return isNull(node) ? undefined : reader.map(node, what)
    },
  }
  return values
}
