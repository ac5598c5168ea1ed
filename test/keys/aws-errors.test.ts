import { expect, test } from 'vitest'
import { explainAwsError } from '../../src/keys/aws-errors.ts'

const call = { action: 'kms:Decrypt', timeoutMs: 10_000 }

function failure(name: string, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { name, ...more })
}

const ofService = { $fault: 'client', $metadata: { httpStatusCode: 400 } }

test('keeps the canonical request that a wrong signature is answered with to itself', () => {
  const message =
    "The request signature we calculated does not match the signature you provided. The Canonical String for this request should have been 'POST\n/\n\nx-amz-security-token:hunter2"
  expect(explainAwsError(failure('InvalidSignatureException', message, ofService), call).message).toBe(
    'InvalidSignatureException (the secret access key or the clock is wrong)',
  )
})

test('names an error it has never heard of, and nothing of its message', () => {
  const explained = explainAwsError(failure('BrandNewException', 'hunter2', ofService), call)
  expect(explained).toMatchObject({ code: 'KEY_UNAVAILABLE', message: 'BrandNewException (status 400)' })
  expect(explained.cause).toBeUndefined()
})

test.each([
  [
    'arn:aws:sts::111122223333:assumed-role/dev/me',
    'AccessDeniedException (as arn:aws:sts::111122223333:assumed-role/dev/me)',
  ],
  [
    'arn:aws-cn:iam::111122223333:user/team/ana',
    'AccessDeniedException (as arn:aws-cn:iam::111122223333:user/team/ana)',
  ],
  ['<script>', 'AccessDeniedException'],
])('says who was refused: %s', (who, message) => {
  const text = `User: ${who} is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:x:1:key/2 because no resource-based policy allows the kms:Decrypt action`
  expect(explainAwsError(failure('AccessDeniedException', text, ofService), call)).toMatchObject({
    message,
    hint: 'ask for kms:Decrypt on the key',
  })
})

test.each([
  [{ code: 'ENOTFOUND', peer: 'kms.eu-central-1.amazonaws.com' }, 'ENOTFOUND kms.eu-central-1.amazonaws.com'],
  [{ code: 'CERT_HAS_EXPIRED', peer: 'kms.x' }, 'the certificate of kms.x is not trusted (CERT_HAS_EXPIRED)'],
  [
    { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    'the certificate of the server is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)',
  ],
  [{ name: 'TimeoutError', code: 'ECONNRESET', peer: 'kms.x' }, 'ECONNRESET kms.x'],
  [{ name: 'TimeoutError', code: 'ETIMEDOUT', peer: 'kms.x' }, 'no answer within 10 s from kms.x'],
  [{ name: 'TypeError' }, 'the AWS SDK failed (TypeError)'],
  [{ name: 'a name\nwith hunter2' }, 'the AWS SDK failed (Error)'],
])('puts %j into words', (more, message) => {
  expect(explainAwsError(failure('Error', 'hunter2', more), call).message).toBe(message)
})
