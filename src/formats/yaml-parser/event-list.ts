import {
  type Chomping,
  type CollectionEvent,
  type DocumentEvent,
  NO_PROPERTIES,
  type NodeProperties,
  type ScalarStyle,
  type YamlEvent,
} from './event.ts'

/**
 * The events of a text as numbers. Objects would take four times the memory, and all of them would live until the
 * builder reads them: the collector of garbage would copy each of them twice. {@link readEvents} gives them back.
 */
export interface EventList {
  /** For each event {@link WIDTH} of them: its kind, start, end, indent, and the index of its properties. */
  numbers: Int32Array
  /** How many events there are, without those of {@link late}. */
  length: number
  /** The properties that are not {@link NO_PROPERTIES}, which stands first. */
  readonly properties: NodeProperties[]
  readonly documents: DocumentEvent[]
  /** Mappings whose key turned out to be a collection, with the index of the event that they stand before. */
  readonly late: { readonly index: number; readonly event: CollectionEvent }[]
}

const WIDTH = 5
const START = 1
const END = 2
const INDENT = 3
const PROPERTIES = 4

// The kind of an event: three bits of type, three of style, two of chomping, one for a scalar that is verbatim.
type NodeStyle = ScalarStyle | CollectionEvent['style']
const TYPES = ['end', 'alias', 'sequence', 'mapping', 'scalar', 'document'] as const
const STYLES = ['block', 'flow', 'empty', 'plain', 'single', 'double', 'literal', 'folded'] as const
const CHOMPINGS = ['clip', 'strip', 'keep'] as const
const TYPE: Readonly<Record<YamlEvent['type'], number>> = bitsOf(TYPES, 0)
const STYLE: Readonly<Record<NodeStyle, number>> = bitsOf(STYLES, 3)
const CHOMPING: Readonly<Record<Chomping, number>> = bitsOf(CHOMPINGS, 6)
const VERBATIM = 1 << 8

// Few texts have more events; their list grows. Numbers that are never written take no memory.
const CHARACTERS_PER_EVENT = 8
const LEAST_CAPACITY = 64

/** An empty list for the events of a text of this length. */
export function startEvents(textLength: number): EventList {
  const capacity = LEAST_CAPACITY + Math.ceil(textLength / CHARACTERS_PER_EVENT)
  return {
    numbers: new Int32Array(capacity * WIDTH),
    length: 0,
    properties: [NO_PROPERTIES],
    documents: [],
    late: [],
  }
}

/** Adds the start of a document. */
export function pushDocument(list: EventList, event: DocumentEvent): void {
  list.documents.push(event)
  push(list, TYPE.document, -1, -1)
}

/** Adds the end of a collection or a document. */
export function pushEnd(list: EventList): void {
  push(list, TYPE.end, -1, -1)
}

/** Adds an alias, with the range of its name. */
export function pushAlias(list: EventList, { start, end }: { start: number; end: number }): void {
  push(list, TYPE.alias, start, end)
}

/** Adds the start of a collection. */
export function pushCollection(
  list: EventList,
  type: CollectionEvent['type'],
  { style, start, properties }: Omit<CollectionEvent, 'type'>,
): void {
  push(list, TYPE[type] | STYLE[style], start, -1)
  setProperties(list, list.length - 1, properties)
}

/** Adds a scalar that is written on its own or in quotes. */
export function pushScalar(
  list: EventList,
  style: 'plain' | 'single' | 'double',
  { start, end, properties, verbatim }: { start: number; end: number; properties: NodeProperties; verbatim: boolean },
): void {
  push(list, TYPE.scalar | STYLE[style] | (verbatim ? VERBATIM : 0), start, end)
  setProperties(list, list.length - 1, properties)
}

/** Adds a scalar of lines below a `|` or `>`. */
export function pushBlockScalar(
  list: EventList,
  style: 'literal' | 'folded',
  scalar: { start: number; end: number; properties: NodeProperties; chomping: Chomping; indent: number },
): void {
  push(list, TYPE.scalar | STYLE[style] | CHOMPING[scalar.chomping], scalar.start, scalar.end)
  const last = list.length - 1
  list.numbers[last * WIDTH + INDENT] = scalar.indent
  setProperties(list, last, scalar.properties)
}

/** Adds a node of which nothing is written, or only its properties. */
export function pushEmpty(list: EventList, properties: NodeProperties = NO_PROPERTIES): void {
  push(list, TYPE.scalar | STYLE.empty, -1, -1)
  setProperties(list, list.length - 1, properties)
}

/** Puts a mapping in front of its first key, which starts with the event at `index`. */
export function insertMapping(list: EventList, index: number, mapping: Omit<CollectionEvent, 'type'>): void {
  const last = list.length - 1
  if (index < last) {
    // A key that is a collection. Moving all its events would take quadratic time where such keys are nested.
    list.late.push({ index, event: { type: 'mapping', ...mapping } })
    return
  }
  pushCollection(list, 'mapping', mapping)
  if (index > last) return
  const { numbers } = list
  const key = index * WIDTH
  const behind = key + WIDTH
  for (let i = 0; i < WIDTH; i++) {
    const number = numbers[key + i] as number
    numbers[key + i] = numbers[behind + i] as number
    numbers[behind + i] = number
  }
}

/** Whether the event at `index` is an alias. */
export function isAlias({ numbers }: EventList, index: number): boolean {
  return numbers[index * WIDTH] === TYPE.alias
}

/** Gives the node at `index` properties in place of those that it has. */
export function setProperties(list: EventList, index: number, properties: NodeProperties): void {
  if (properties !== NO_PROPERTIES) list.numbers[index * WIDTH + PROPERTIES] = list.properties.push(properties) - 1
}

// Four parameters: with an object for the last two, each event would make one more on its way into the list.
function push(list: EventList, kind: number, start: number, end: number): void {
  const at = list.length * WIDTH
  if (at === list.numbers.length) grow(list)
  const { numbers } = list
  numbers[at] = kind
  numbers[at + START] = start
  numbers[at + END] = end
  numbers[at + INDENT] = -1
  list.length++
}

function grow(list: EventList): void {
  const { numbers } = list
  list.numbers = new Int32Array(numbers.length * 2)
  list.numbers.set(numbers)
}

/** Every event but that of a document, in one shape. */
interface NodeEvent {
  type: Exclude<YamlEvent['type'], 'document'>
  style: NodeStyle
  start: number
  end: number
  properties: NodeProperties
  chomping: Chomping
  indent: number
  verbatim: boolean
}

/**
 * Reads a list from its start: each call gives the next event, and undefined behind the last.
 *
 * An event holds until the next call only: most of them are one object, written anew.
 */
export function readEvents({ numbers, length, properties, documents, late }: EventList): () => YamlEvent | undefined {
  const mappings = late.toSorted((a, b) => a.index - b.index)
  let index = 0
  let nextDocument = 0
  let nextMapping = 0
  const event: NodeEvent = {
    type: 'end',
    style: 'block',
    start: -1,
    end: -1,
    properties: NO_PROPERTIES,
    chomping: 'clip',
    indent: -1,
    verbatim: false,
  }
  return () => {
    const mapping = mappings[nextMapping]
    if (mapping?.index === index) {
      nextMapping++
      return mapping.event
    }
    if (index === length) return undefined
    const at = index++ * WIDTH
    const kind = numbers[at] as number
    const type = TYPES[kind & 7] as YamlEvent['type']
    if (type === 'document') return documents[nextDocument++]
    event.type = type
    event.style = STYLES[(kind >> 3) & 7] as NodeStyle
    event.chomping = CHOMPINGS[(kind >> 6) & 3] as Chomping
    event.verbatim = (kind & VERBATIM) !== 0
    event.start = numbers[at + START] as number
    event.end = numbers[at + END] as number
    event.indent = numbers[at + INDENT] as number
    event.properties = properties[numbers[at + PROPERTIES] as number] as NodeProperties
    return event as YamlEvent
  }
}

function bitsOf<Name extends string>(names: readonly Name[], shift: number): Record<Name, number> {
  return Object.fromEntries(names.map((name, number) => [name, number << shift])) as Record<Name, number>
}
