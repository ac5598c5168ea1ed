import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { callsKmsfile, HOOK_EVENTS, hookScript, isOurHook, STRICT_EVENT } from '../../src/git/hooks/hook-script.ts'

const EVENTS = [...HOOK_EVENTS, STRICT_EVENT, 'pre-receive'] as const
const PROGRAM = { node: "/opt/it's/node", script: '/a b/kmsfile.cjs' }

describe.each(EVENTS)('%s', (event) => {
  test('as people copy it is what is installed, but for the program of this machine', async () => {
    const path = new URL(`../../hooks/${event}`, import.meta.url).pathname
    await expect(hookScript(event)).toMatchFileSnapshot(path)
    const installed = hookScript(event, PROGRAM)
    expect(installed).toContain(`node='/opt/it'\\''s/node' script='/a b/kmsfile.cjs'`)
    expect(isOurHook(installed, event)).toBe(true)
    expect(isOurHook(readFileSync(path, 'utf8'), event)).toBe(true)
  })

  test('is short, says how to be rid of it, and calls kmsfile for its own event alone', () => {
    const script = hookScript(event)
    expect(script.trimEnd().split('\n').length).toBeLessThan(15)
    expect(script).toContain('kmsfile git uninstall')
    for (const each of EVENTS) expect(callsKmsfile(script, each), each).toBe(each === event)
  })

  test('with a line more is no longer what we wrote', () => {
    expect(isOurHook(`${hookScript(event, PROGRAM)}echo done\n`, event)).toBe(false)
  })
})

test.each([
  ['kmsfile git hook pre-commit', true],
  ['  npx kmsfile git hook pre-commit "$@" || exit 1', true],
  ['    run: kmsfile git hook pre-commit', true],
  ['# kmsfile git hook pre-commit', false],
  ['kmsfile git hook pre-commit-msg', false],
  ['git hook pre-commit', false],
  ['echo kmsfile\ngit hook pre-commit', false],
])('whether %j calls kmsfile before a commit: %s', (text, expected) => {
  expect(callsKmsfile(text, 'pre-commit')).toBe(expected)
})
