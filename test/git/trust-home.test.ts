import { expect, test } from 'vitest'
import { ARN } from '../keys/aws-machine.ts'
import { foreignMachine, NOBODY, ok } from './foreign-repository.ts'

test("what lies in a repository is not the user's own where the environment has no place for that", async () => {
  const machine = await foreignMachine()
  const configuration = `trust: [{ aws_kms: "${ARN}" }]\n`
  machine.write('.config/kmsfile/config.yaml', configuration)
  machine.write('kmsfile/config.yaml', configuration)
  for (const HOME of ['', '.', './']) {
    await ok(machine.with({ HOME }).git('diff', 'HEAD~1'))
    await ok(machine.with({ HOME }).kmsfile('git', 'show'))
    expect({ HOME, ...machine.asked() }).toEqual({ HOME, ...NOBODY })
  }
  await ok(machine.with({ XDG_CONFIG_HOME: '.', XDG_STATE_HOME: '.' }).git('diff', 'HEAD~1'))
  expect(machine.asked()).toEqual(NOBODY)
})
