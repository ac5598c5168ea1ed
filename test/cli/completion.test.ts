import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import type { Command } from '../../src/cli/command.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { bashScript } from '../../src/cli/completion-bash.ts'
import { fishScript } from '../../src/cli/completion-fish.ts'
import { type CommandWords, commandWords, LEADING_OPTIONS } from '../../src/cli/completion-words.ts'
import { zshScript } from '../../src/cli/completion-zsh.ts'

const has = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0
const words: readonly CommandWords[] = await Promise.all(
  Object.entries(COMMANDS).map(async ([name, { summary, load }]) => commandWords(name, summary, await load())),
)

/** What bash offers for the last of the words that were typed. */
function completed(...typed: readonly string[]): readonly string[] {
  const script = [
    bashScript(words),
    'complete -p kmsfile >/dev/null || exit 9',
    `COMP_WORDS=(kmsfile "$@") COMP_CWORD=$#`,
    '_kmsfile',
    `for reply in "\${COMPREPLY[@]}"; do echo "$reply"; done`,
  ].join('\n')
  const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-uc', script, 'bash', ...typed], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout.split('\n').filter((line) => line !== '')
}

describe.skipIf(!has('bash'))('the script for bash, where bash is at hand', () => {
  test('offers commands first', () => {
    expect(completed('')).toEqual(Object.keys(COMMANDS))
    expect(completed('en')).toEqual(['encrypt'])
    expect(completed('--json', 'en')).toEqual(['encrypt'])
  })

  test('offers before the command what every command takes', () => {
    expect(completed('--v')).toEqual(['--verbose', '--version'])
    expect(completed('--json', '--no')).toEqual(['--no-input'])
    expect(completed('--color', 'a')).toEqual(['always', 'auto'])
    expect(completed('--config', 'sec')).toEqual([])
  })

  test('offers the options of a command, wherever it stands', () => {
    expect(completed('status', '--exit')).toEqual(['--exit-code'])
    expect(completed('--json', 'status', '--ver')).toEqual(['--verify', '--verbose'])
    expect(completed('doctor', '--exit')).toEqual([])
  })

  test('offers only to switch off what is on', () => {
    expect(completed('get', '--no-in')).toEqual(['--no-input'])
    expect(completed('get', '--input')).toEqual(['--input-type'])
  })

  test('offers the values of an option that has a few', () => {
    expect(completed('status', '--color', 'a')).toEqual(['always', 'auto'])
    expect(completed('status', '--color', '=', 'n')).toEqual(['never'])
    expect(completed('status', '--color', '=')).toEqual(['always', 'auto', 'never'])
    expect(completed('completion', '')).toEqual(['bash', 'zsh', 'fish'])
  })

  test('leaves files to bash', () => {
    expect(completed('encrypt', 'sec')).toEqual([])
    expect(completed('encrypt', '--output', '')).toEqual([])
    expect(bashScript(words)).toMatch(/^complete .*-o default .*kmsfile$/m)
  })
})

const ODD: Command = {
  usage: 'odd [files..]',
  summary: '',
  positionals: { files: { type: 'string', array: true } },
  options: { name: { type: 'string', alias: 'n', describe: `it's [odd]: a\\b`, choices: ['x', 'y'] } },
  examples: [],
  run: async () => undefined,
}

describe('the scripts for zsh and fish', () => {
  test('offer before the command what every command takes', () => {
    const [zsh, fish] = [zshScript([]), fishScript([])]
    for (const { long } of LEADING_OPTIONS) {
      expect(zsh).toContain(`${long}`)
      expect(fish).toContain(`complete -c kmsfile -n __fish_use_subcommand -l ${long.slice(2)} `)
    }
    // What stands behind these is no command.
    expect(zsh).toContain('(--config|--color)')
  })

  test('name every command and every option', () => {
    for (const script of [zshScript(words), fishScript(words)]) {
      for (const { name, options } of words) {
        expect(script).toContain(name)
        for (const { long } of options) expect(script).toContain(long.slice(2))
      }
    }
  })

  test('quote what a summary has of the syntax of the shell', () => {
    const odd = [commandWords('odd', `it's "odd"`, ODD)]
    expect(zshScript(odd)).toContain(String.raw`'(-n --name)--name=[it'\''s \[odd\]\: a\\b]:value:(x y)'`)
    expect(fishScript(odd)).toContain(String.raw`-l name -s n -x -a 'x y' -d 'it\'s [odd]: a\\b'`)
  })

  test.skipIf(!has('zsh'))('are syntax to zsh, where it is at hand', () => {
    expect(spawnSync('zsh', ['-n'], { input: zshScript(words), encoding: 'utf8' }).stderr).toBe('')
  })

  test.skipIf(!has('fish'))('are syntax to fish, where it is at hand', () => {
    expect(spawnSync('fish', ['--no-execute'], { input: fishScript(words), encoding: 'utf8' }).stderr).toBe('')
  })
})
