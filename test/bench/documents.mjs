// The files that are measured: made from a seed, so that every run and every machine has the same bytes. The shape is
// that of a values file: maps in maps, lists, comments, block scalars, numbers, booleans, quotes; 27 values a KB.

const SEED = 7
const SERVICES_OF_GROUP = 100

/** A YAML text of at least so many bytes. */
export function yamlText(bytes) {
  const blocks = draw(bytes).map((service, i) => {
    const head = i % SERVICES_OF_GROUP === 0 ? `group_${i / SERVICES_OF_GROUP}:\n` : ''
    return head + serviceYaml(service)
  })
  return blocks.join('')
}

/** A JSON text of about so many bytes, with the same services. */
export function jsonText(bytes) {
  const groups = {}
  // JSON spends more on quotes, brackets and indentation.
  for (const [i, { name, fields }] of draw(bytes / 1.2).entries()) {
    const group = `group_${Math.floor(i / SERVICES_OF_GROUP)}`
    groups[group] ??= {}
    groups[group][name] = fields
  }
  return `${JSON.stringify(groups, null, 2)}\n`
}

/** One map of so many keys, each with a text. */
export function flatJsonText(keys) {
  const random = generator(SEED)
  const words = vocabulary(random)
  const map = {}
  for (let i = 0; i < keys; i++) map[`key_${i}`] = `${pick(random, words)} ${pick(random, words)} ${i}`
  return `${JSON.stringify(map, null, 2)}\n`
}

/** A values file as people keep it: 20 values and two comments. `number` makes it another one. */
export function smallYamlText(number = 0) {
  const random = generator(SEED + number)
  const words = vocabulary(random)
  return [0, 1].map((i) => serviceYaml(drawService(random, words, i), '')).join('')
}

/** Services until their YAML has so many bytes. */
function draw(bytes) {
  const random = generator(SEED)
  const words = vocabulary(random)
  const services = []
  for (let size = 0; size < bytes; ) {
    const service = drawService(random, words, services.length)
    size += serviceYaml(service).length
    services.push(service)
  }
  return services
}

function drawService(random, words, i) {
  const word = () => pick(random, words)
  const sentence = (count) => Array.from({ length: count }, word).join(' ')
  return {
    name: `service_${i}`,
    comment: `settings of ${word()}`,
    fields: {
      name: `${word()}-${word()}`,
      port: 1 + Math.floor(random() * 65535),
      enabled: random() < 0.5,
      ratio: Number((random() + 0.00005).toFixed(4)),
      password: `${word()}${Math.floor(random() * 100000)}`,
      hosts: [`${word()}.example.com`, `${word()}.example.org`],
      note: `${sentence(8)}\n${sentence(5)}\n`,
      nested: { a: word(), b: word() },
    },
  }
}

function serviceYaml({ name, comment, fields }, indent = '  ') {
  const { port, enabled, ratio, password, hosts, note, nested } = fields
  const lines = [
    `${name}:`,
    `  # ${comment}`,
    `  name: ${fields.name}`,
    `  port: ${port}`,
    `  enabled: ${enabled}`,
    `  ratio: ${ratio}`,
    `  password: "${password}"`,
    '  hosts:',
    ...hosts.map((host) => `    - ${host}`),
    '  note: |',
    ...note
      .trimEnd()
      .split('\n')
      .map((line) => `    ${line}`),
    '  nested:',
    `    a: '${nested.a}'`,
    `    b: ${nested.b}`,
  ]
  return lines.map((line) => `${indent}${line}\n`).join('')
}

function vocabulary(random) {
  const letter = () => String.fromCharCode(97 + Math.floor(random() * 26))
  const word = () => Array.from({ length: 3 + Math.floor(random() * 8) }, letter).join('')
  return Array.from({ length: 500 }, word)
}

function pick(random, list) {
  return list[Math.floor(random() * list.length)]
}

/** Numbers from 0 up to 1: mulberry32. */
function generator(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
