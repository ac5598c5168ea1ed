import { decodeScalar } from '../../src/formats/yaml-decode.ts'
import type { NodeProperties, YamlEvent } from '../../src/formats/yaml-parser/event.ts'
import { readEvents } from '../../src/formats/yaml-parser/event-list.ts'
import { parseYamlEvents } from '../../src/formats/yaml-parser/parse-yaml-events.ts'
import { scalarValue } from '../../src/formats/yaml-parser/scalar-value.ts'
import { tagReader } from '../../src/formats/yaml-token.ts'

const INDICATORS = { plain: ':', empty: ':', single: "'", double: '"', literal: '|', folded: '>' } as const

/** All events of a text, each an object of its own. */
export function eventsOf(text: string): YamlEvent[] {
  const next = readEvents(parseYamlEvents(text, { maxDepth: 200 }))
  const events: YamlEvent[] = []
  for (let event = next(); event !== undefined; event = next()) events.push({ ...event })
  return events
}

/** The events of a text as the YAML test suite writes them. */
export function suiteEvents(text: string): string[] {
  let tagOf: (properties: NodeProperties) => string | undefined = () => undefined
  const open: string[] = []
  const lines = eventsOf(text).map((event) => {
    switch (event.type) {
      case 'document':
        tagOf = tagReader(text, event)
        open.push('-DOC')
        return `+DOC${event.explicitStart ? ' ---' : ''}`
      case 'mapping':
        open.push('-MAP')
        return `+MAP${event.style === 'flow' ? ' {}' : ''}${properties(event.properties)}`
      case 'sequence':
        open.push('-SEQ')
        return `+SEQ${event.style === 'flow' ? ' []' : ''}${properties(event.properties)}`
      case 'scalar':
        return `=VAL${properties(event.properties)} ${INDICATORS[event.style]}${escaped(suiteValue(text, event))}`
      case 'alias':
        return `=ALI *${text.slice(event.start, event.end)}`
      case 'end':
        return open.pop() ?? 'an end without a start'
      default:
        return event satisfies never
    }
  })
  return ['+STR', ...lines, ...open, '-STR']

  function properties(own: NodeProperties): string {
    const anchor = own.anchorStart < 0 ? '' : ` &${text.slice(own.anchorStart, own.anchorEnd)}`
    const tag = tagOf(own)?.replace(/^!!/, 'tag:yaml.org,2002:')
    return `${anchor}${tag === undefined ? '' : ` <${decodeURIComponent(tag)}>`}`
  }
}

/** As the test suite has it: `decodeScalar` ends a block scalar at the end of the text as yaml.v3 does. */
export function suiteValue(text: string, event: YamlEvent & { readonly type: 'scalar' }): string {
  return event.style === 'double' ? decodeScalar(text, event) : scalarValue(text, event)
}

function escaped(value: string): string {
  return value
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replaceAll('\r', '\\r')
    .replaceAll('\b', '\\b')
}
