import { type MergeRepository, mergeRepository } from './merge-repository.ts'

export interface Kind {
  readonly path: string
  readonly base: string
  readonly ours: string
  readonly theirs: string
  readonly merged: string
  /** Changes the place that both sides are to be at odds about. */
  readonly disputed: (text: string, by: string) => string
}

const LIST = '# hosts\n- name: a\n  v: secret-1\n- name: b\n  v: secret-2\n'
const TEMPLATE = '{{ if x }}: 1\n? {a: b}\n: secret-1\nz: 1\ny: secret-2\n'
const DOCUMENTS = '# one\na: secret-1\n---\n# two\na: secret-2\nb: [secret-3]\n'
const JSON_MAP = '{\n  "a": "secret-1",\n  "b": {\n    "c": "secret-2"\n  }\n}\n'

/** Files of all kinds, with changes of two sides that go together. */
export const KINDS: Readonly<Record<string, Kind>> = {
  'a JSON file': {
    path: 'secrets/a.json',
    base: JSON_MAP,
    ours: JSON_MAP.replace('secret-1', 'ours'),
    theirs: JSON_MAP.replace('"secret-2"', '"theirs",\n    "d": [1, 2.0, null]'),
    merged: JSON_MAP.replace('secret-1', 'ours').replace('"secret-2"', '"theirs",\n    "d": [1, 2.0, null]'),
    disputed: (text, by) => text.replace('secret-2', by),
  },
  'a JSON file on one line': {
    path: 'secrets/a.json',
    base: '{"a":"secret-1","b":{"c":"secret-2"}}',
    ours: '{"a":"ours","b":{"c":"secret-2"}}',
    theirs: '{"a":"secret-1","b":{"c":"theirs","d":true}}',
    merged: '{"a":"ours","b":{"c":"theirs","d":true}}',
    disputed: (text, by) => text.replace('secret-2', by),
  },
  'a JSON file that is a list': {
    path: 'secrets/a.json',
    base: '[\n  "secret-1",\n  "secret-2"\n]\n',
    ours: '[\n  "ours",\n  "secret-1",\n  "secret-2"\n]\n',
    theirs: '[\n  "secret-1",\n  "secret-2",\n  "theirs"\n]\n',
    merged: '[\n  "ours",\n  "secret-1",\n  "secret-2",\n  "theirs"\n]\n',
    disputed: (text, by) => text.replace('secret-2', by),
  },
  'a YAML file that is a list': {
    path: 'secrets/a.yaml',
    base: LIST,
    ours: LIST.replace('secret-1', 'ours'),
    theirs: LIST.replace('secret-2', 'theirs'),
    merged: LIST.replace('secret-1', 'ours').replace('secret-2', 'theirs'),
    disputed: (text, by) => text.replace('secret-2', by),
  },
  'several documents': {
    path: 'secrets/a.yaml',
    base: DOCUMENTS,
    ours: DOCUMENTS.replace('secret-1', 'ours'),
    theirs: DOCUMENTS.replace('secret-2', 'theirs').replace('[secret-3]', '[secret-3, 4]'),
    merged: DOCUMENTS.replace('secret-1', 'ours').replace('secret-2', 'theirs').replace('[secret-3]', '[secret-3, 4]'),
    disputed: (text, by) => text.replace('secret-2', by),
  },
  'anchors and aliases': {
    path: 'secrets/a.yaml',
    base: 'x: &x\n  p: secret-1\n  q: secret-2\ny:\n  <<: *x\n  r: 1\n',
    ours: 'x: &x\n  p: ours\n  q: secret-2\ny:\n  <<: *x\n  r: 1\n',
    theirs: 'x: &x\n  p: secret-1\n  q: secret-2\ny:\n  <<: *x\n  r: 2\nz: *x\n',
    merged: 'x: &x\n  p: ours\n  q: secret-2\ny:\n  <<: *x\n  r: 2\nz: *x\n',
    disputed: (text, by) => text.replace('secret-2', by),
  },
  'a text that is encrypted as one value': {
    path: 'secrets/a.yaml',
    base: TEMPLATE,
    ours: TEMPLATE.replace('secret-1', 'ours'),
    theirs: TEMPLATE.replace('secret-2', 'theirs'),
    merged: TEMPLATE.replace('secret-1', 'ours').replace('secret-2', 'theirs'),
    disputed: (text, by) => text.replace('secret-2', by),
  },
  'a text with a byte order mark and carriage returns': {
    path: 'secrets/a.yaml',
    base: '\ufeffa: secret-1\r\nb: secret-2\r\n',
    ours: '\ufeffa: ours\r\nb: secret-2\r\n',
    theirs: '\ufeffa: secret-1\r\nb: theirs\r\n# end\r\n',
    merged: '\ufeffa: ours\r\nb: theirs\r\n# end\r\n',
    disputed: (text, by) => text.replace('secret-2', by),
  },
}

/** A repository whose branches `main` and `feature` have different versions of a file. */
export async function diverged(kind: Pick<Kind, 'path' | 'base' | 'ours' | 'theirs'>): Promise<MergeRepository> {
  const { path, base, ours, theirs } = kind
  const repository = mergeRepository()
  await repository.saved(base, path)
  await repository.branch('feature', () => repository.saved(theirs, path))
  await repository.saved(ours, path)
  return repository
}
