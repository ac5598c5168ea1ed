/**
 * Collects what was measured, and prints it group by group.
 *
 * A row compares two commands, `label` says with what; a figure is one number. Targets are judged here: they say what
 * is hoped for, and fail nothing.
 */
export function startReport({ print }) {
  const groups = []
  let group
  return {
    groups,
    open(name) {
      group = { name, rows: [], figures: [], notes: [] }
      groups.push(group)
    },
    row({ targets, ...row }) {
      group.rows.push({ ...row, targets: targets.map((target) => judged(target, measured(row, target))) })
    },
    figure({ targets = [], ...figure }) {
      group.figures.push({ ...figure, targets: targets.map((target) => judged(target, figure.value)) })
    },
    note(text) {
      group.notes.push(text)
    },
    close() {
      print(`\n${group.name}`)
      if (group.rows.length > 0) print(rowTable(group.rows))
      if (group.figures.length > 0) print(figureTable(group.figures))
      for (const note of group.notes) print(`  ${note}`)
    },
  }
}

/** All targets in one table. */
export function targetTable(groups) {
  const lines = groups.flatMap(({ rows, figures }) =>
    [...rows, ...figures].flatMap(({ name, label, ratio, targets }) =>
      targets.map((target) => [
        name,
        target.of === 'value' ? '' : `${target.of} of ${label}`,
        target.value === undefined ? '-' : `${target.value.toPrecision(3)}${times(target)}`,
        `<= ${target.atMost}${times(target)}`,
        verdict(target),
        target.of === 'wall' && ratio?.cpu !== undefined ? `CPU ${ratio.cpu.toPrecision(3)}x` : '',
      ]),
    ),
  )
  return lines.length === 0 ? '  no targets here' : table([['target', 'measure', 'is', 'hoped for', '', ''], ...lines])
}

function measured({ ratio }, { of }) {
  // Pair by pair: both sides met the same machine.
  return ratio?.[of === 'wall' ? 'pairs' : of]
}

function judged(target, value) {
  return { ...target, value, met: value === undefined ? undefined : value <= target.atMost }
}

function verdict({ met }) {
  if (met === undefined) return 'not measured'
  return met ? 'met' : 'MISSED'
}

function times({ of }) {
  return of === 'value' ? '' : 'x'
}

function rowTable(rows) {
  const head = [
    '',
    'wall ms',
    'CPU ms',
    'MB',
    'runs',
    'beside',
    'wall ms',
    'CPU ms',
    'MB',
    'wall x',
    'pairs x',
    'CPU x',
    'MB x',
    'target',
  ]
  return table([
    head,
    ...rows.map(({ name, ours, theirs, label, ratio, targets }) => [
      name,
      ...usage(ours),
      `${ours.runs}`,
      label,
      ...usage(theirs ?? {}),
      ...[ratio?.wall, ratio?.pairs, ratio?.cpu, ratio?.memory].map((value) => number(value, 2)),
      targets.map((target) => `${target.of} <= ${target.atMost}: ${verdict(target)}`).join(', '),
    ]),
  ])
}

function figureTable(figures) {
  return table(
    figures.map(({ name, value, unit, targets }) => [
      name,
      number(value, value < 10 ? 2 : value < 100 ? 1 : 0),
      unit,
      targets.map((target) => `<= ${target.atMost}: ${verdict(target)}`).join(', '),
    ]),
  )
}

function usage({ wallMs, cpuMs, peakMb }) {
  return [number(wallMs, wallMs < 1000 ? 1 : 0), number(cpuMs, cpuMs < 1000 ? 1 : 0), number(peakMb, 0)]
}

function number(value, digits) {
  return value === undefined ? '-' : value.toFixed(digits)
}

/** Columns of text on the left, of numbers on the right. */
function table(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  const isNumber = (text) => /^[-\d.]+x?$/.test(text)
  return lines
    .map((line, row) =>
      line
        .map((cell, column) => {
          const right = isNumber(cell) || (row === 0 && lines.length > 1 && isNumber(lines[1][column]))
          return right ? cell.padStart(widths[column]) : cell.padEnd(widths[column])
        })
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `  ${line}`)
    .join('\n')
}
