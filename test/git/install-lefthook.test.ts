import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { hookedRepository, installedState } from './fake-kmsfile.ts'

const EVENTS = ['pre-commit', 'prepare-commit-msg', 'pre-merge-commit', 'pre-applypatch', 'post-commit', 'pre-push']

test.each([
  ['with nothing in it but a comment line', 'colors: true # 🥊\n'],
  ['without a line break at its end', 'colors: true'],
  ['with line breaks of Windows', 'colors: true\r\npre-commit:\r\n  commands:\r\n    a:\r\n      run: b\r\n'],
  [
    'with commands',
    'pre-commit:\n  # first\n  commands:\n    # lint\n    lint:\n      run: npm run lint\npre-push:\n    commands:\n        test: { run: npm test }\n',
  ],
  ['with jobs', 'pre-commit:\n  parallel: true\n  jobs:\n  - run: npm run lint\n  - name: b\n    run: c\n'],
  ['with jobs that are indented', 'pre-push:\n    jobs:\n      # first\n      - run: npm test\n'],
  ['with scripts alone', 'pre-commit:\n  scripts:\n    "a.sh":\n      runner: bash\n'],
])('the configuration of lefthook %s gets a job for each hook, and loses it again', async (_, text) => {
  const repository = hookedRepository()
  repository.write('lefthook.yml', text)
  const before = installedState(repository)
  const { hooks } = await repository.install()
  expect(hooks).toMatchObject({ keeper: 'lefthook', events: EVENTS })
  const parsed = parse(repository.read('lefthook.yml'))
  for (const event of EVENTS) {
    const { jobs = [], commands = {} } = parsed[event]
    const ours = jobs.find(({ name }: { name?: string }) => name === 'kmsfile') ?? commands.kmsfile
    expect(ours, event).toMatchObject({
      run: `kmsfile git hook ${event}`,
      ...(event === 'pre-push' && { use_stdin: true }),
    })
  }
  const kept = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value), (key, each) => {
      if (key === 'kmsfile') return undefined
      return Array.isArray(each) ? each.filter((item) => item?.name !== 'kmsfile') : each
    })
  expect(kept(parsed)).toMatchObject(parse(text))
  expect((await repository.install()).changes).toEqual([])
  await repository.uninstall()
  expect(installedState(repository)).toEqual(before)
})

test.each([
  ['a list in brackets', 'lefthook.yml', 'pre-commit: { commands: { a: { run: b } } }\n'],
  ['another format', 'lefthook.toml', '[pre-commit.commands.a]\nrun = "b"\n'],
  ['no valid YAML', 'lefthook.yml', 'a: [\n'],
])('a configuration that is %s is left to people, who are shown what to put in', async (_, name, text) => {
  const repository = hookedRepository()
  repository.write(name, text)
  const { hooks } = await repository.install()
  expect(hooks.events).toEqual([])
  expect(hooks.instructions).toContain('run: kmsfile git hook pre-push\n      use_stdin: true')
  expect(repository.read(name)).toBe(text)
})

test('a job that calls kmsfile already is enough', async () => {
  const repository = hookedRepository()
  const text = EVENTS.map((event) => `${event}:\n  jobs:\n    - run: npx kmsfile git hook ${event}\n`).join('')
  repository.write('lefthook.yml', text)
  expect((await repository.install()).hooks.events).toEqual(EVENTS)
  expect(repository.read('lefthook.yml')).toBe(text)
})

test('what is committed stays, since others have it, unless it is asked for', async () => {
  const repository = hookedRepository()
  repository.write('lefthook.yml', 'colors: true\n')
  await repository.install()
  repository.commit()
  expect((await repository.uninstall()).notes.length).toBe(1)
  expect(repository.read('lefthook.yml')).toContain('kmsfile')
  await repository.uninstall({ purge: true })
  expect(repository.read('lefthook.yml')).toBe('colors: true\n')
})

test('the files that lefthook writes are not touched, nor is what a link leads to', async () => {
  const repository = hookedRepository()
  repository.write('.git/hooks/pre-commit', '#!/bin/sh\ncall_lefthook run "pre-commit" "$@"\n', { mode: 0o755 })
  repository.write('../outside.yml', 'colors: true\n')
  symlinkSync('../outside.yml', join(repository.top, 'lefthook.yml'))
  const { hooks } = await repository.install()
  expect(hooks.instructions).toBeDefined()
  expect(repository.read('../outside.yml')).toBe('colors: true\n')
  expect(repository.read('.git/hooks/pre-commit')).toContain('call_lefthook')
})
