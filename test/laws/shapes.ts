/** Texts of about `size` characters that parsers of YAML have been slow at, or might be. */
export const SHAPES: Readonly<Record<string, (size: number) => string>> = {
  'ordinary entries': (size) => numbered(size / 20, (i) => `key${i}: value ${i}\n`),
  'list brackets': (size) => fill('[', size),
  'map braces': (size) => fill('{a: ', size),
  'dashes on a line': (size) => fill('- ', size),
  'question marks on a line': (size) => fill('? ', size),
  'question marks on lines': (size) => fill('? \n', size),
  'colons on lines': (size) => fill(': \n', size),
  'nested as deep as allowed, again and again': (size) =>
    fill(`${'['.repeat(190)}${']'.repeat(190)}, `, size, '- [', 'x]'),
  'lists in brackets on one line': (size) => fill('[], ', size, '[', ']'),
  'maps in brackets on one line': (size) => fill('{"a": 1}, ', size, '[', ']'),
  'pairs in brackets on one line': (size) => fill('a: b, ', size, '[', ']'),
  'pairs whose keys are lists, nested': (size) => `${fill('[', 150)}${fill('x, ', size)}${fill(']: y', 600)}`,
  'a long key that is a list': (size) => `${fill('a, ', size, '[', ']')}: x\n`,
  'properties on lines of their own': (size) => fill('- &a\n  !b\n  c\n', size),
  'properties before keys': (size) => fill('- &a\n  &b c: d\n', size),
  'properties before lists': (size) => fill('- !!map &a ? \n', size),
  'properties of nothing': (size) => fill('- &a !b\n', size),
  'properties nested': (size) => lines(190, (i) => `${' '.repeat(i)}- !t\n`) + fill('x ', size),
  'anchors one after the other': (size) => fill('&a ', size),
  'anchors of many names': (size) => numbered(size / 12, (i) => `- &a${i} x\n`),
  aliases: (size) => fill('- *a\n', size, '- &a {}\n'),
  'aliases on one line': (size) => fill('*a , ', size, '- &a {}\n- [', ']'),
  tags: (size) => fill('- !a x\n', size),
  'tags of many names': (size) => numbered(size / 14, (i) => `- !tag${i} x\n`),
  'tag handles': (size) => `${numbered(size / 20, (i) => `%TAG !a${i}! tag:x\n`)}---\n- !a1!b c\n`,
  'a long tag': (size) => `a: !${'b'.repeat(size)} c\n`,
  'a long tag in brackets': (size) => `a: !<${'b'.repeat(size)}> c\n`,
  'a long anchor': (size) => `a: &${'b'.repeat(size)} c\n`,
  'a long key': (size) => `${'a'.repeat(size)}: b\n`,
  comments: (size) => fill('# comment\n', size),
  'comments behind values': (size) => fill('- a # comment\n', size),
  'comments in brackets': (size) => fill('a, # comment\n ', size, '- [', 'b]'),
  'comments between properties': (size) => `a: !t\n${fill(' # comment\n', size)} &x b\n`,
  documents: (size) => fill('---\na: b\n', size),
  'documents that are empty': (size) => fill('---\n', size),
  'document ends': (size) => fill('...\n', size),
  directives: (size) => fill('%X y\n', size, '', '---\n'),
  'byte order marks on lines': (size) => fill(' \ufeff\n', size, 'a: b'),
  'byte order marks before blank lines': (size) => fill('\ufeff\n\n\n\n', size, 'a: b\n'),
  'one long text': (size) => `a: ${'b'.repeat(size)}\n`,
  'spaces within a plain text': (size) => `a: b${' '.repeat(size)}c\n`,
  'spaces before a value': (size) => `a:${' '.repeat(size)}b\n`,
  'spaces before a comment': (size) => `a: b${' '.repeat(size)}# c\n`,
  'spaces at the end': (size) => `a: b${' '.repeat(size)}`,
  'spaces within double quotes with an escape': (size) => `a: "\\t${' '.repeat(size)}b"\n`,
  'line breaks within double quotes': (size) => `a: "b${'\n'.repeat(size)} c"\n`,
  'spaces and line breaks within double quotes': (size) => `a: "b${fill('  \n', size)} c"\n`,
  'escapes within double quotes': (size) => `a: "${fill('\\x41\\\\', size)}"\n`,
  'line breaks within single quotes': (size) => `a: 'b${fill(' \n', size)} c'\n`,
  'quotes within single quotes': (size) => `a: '${fill("''", size)}'\n`,
  'line breaks within a plain text': (size) => `a: b${'\n'.repeat(size)} c\n`,
  'lines of a plain text': (size) => `a:${fill(' b\n', size)}`,
  'line breaks within a literal': (size) => `a: |\n b${'\n'.repeat(size)} c\n`,
  'line breaks after a literal': (size) => `a: |\n b${'\n'.repeat(size)}c: d\n`,
  'line breaks kept by a literal': (size) => `a: |+\n b${'\n'.repeat(size)}c: d\n`,
  'spaces in the lines of a literal': (size) => `a: |\n${fill('  b     c\n      \n', size)}`,
  'lines of a folded text': (size) => `a: >\n${fill(' b\n\n  c\n', size)}`,
  'literals without end': (size) => fill('- |\n a\n\n', size),
  'blank lines': (size) => fill('   \n', size, 'a: b\n', 'c: d\n'),
  digits: (size) => `a: ${'1'.repeat(size)}\n`,
  'digits behind a period': (size) => `a: 1.${'1'.repeat(size)}\n`,
  'digits with underscores': (size) => `a: ${fill('1_', size)}1\n`,
  'digits of a time': (size) => `a: 2001-01-01T00:00:00.${'1'.repeat(size)}Z\n`,
  'binary data': (size) => `a: !!binary ${fill('Zm9v', size)}\n`,
  'an envelope that is none': (size) => `a: ENC[AES256_GCM,data:${fill(',iv:', size)}\n`,
  'quotes that do not end': (size) => `a: "${fill('b\n ', size)}`,
  'brackets that do not end': (size) => `a: [${fill('b, ', size)}`,
  'errors on every line': (size) => fill('a: b: c\n', size),
}

function fill(piece: string, size: number, head = '', tail = ''): string {
  return head + piece.repeat(Math.max(1, Math.floor(size / piece.length))) + tail
}

function numbered(count: number, line: (i: number) => string): string {
  return lines(Math.max(1, Math.floor(count)), line)
}

function lines(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join('')
}
