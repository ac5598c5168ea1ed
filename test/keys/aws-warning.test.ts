import { expect, test, vi } from 'vitest'
import { awsKms } from '../../src/keys/aws-kms.ts'
import { ARN, awsMachine } from './aws-machine.ts'

// In a file of its own: the SDK warns once in a process.
test('keeps the warning of the SDK about old versions of Node from people, and its variable from children', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockReturnValue()
  const { host } = await awsMachine()
  const provider = awsKms({ host })
  await provider.wrap({ type: 'aws-kms', arn: ARN }, new Uint8Array(32))
  await provider.close()
  expect(warn).not.toHaveBeenCalled()
  expect(process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED']).toBeUndefined()
})
