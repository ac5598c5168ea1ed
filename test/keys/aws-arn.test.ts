import { expect, test } from 'vitest'
import { checkRoleArn, parseKeyArn, roleSessionName } from '../../src/keys/aws-arn.ts'

test.each([
  ['arn:aws:kms:eu-central-1:111122223333:key/4b1c', 'aws', 'eu-central-1'],
  ['arn:aws:kms:eu-central-1:111122223333:key/mrk-0123456789abcdef', 'aws', 'eu-central-1'],
  ['arn:aws:kms:us-east-1:111122223333:alias/team/prod', 'aws', 'us-east-1'],
  ['arn:aws-cn:kms:cn-north-1:111122223333:key/4b1c', 'aws-cn', 'cn-north-1'],
  ['arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/4b1c', 'aws-us-gov', 'us-gov-west-1'],
  ['arn:aws-iso:kms:us-iso-east-1:111122223333:key/4b1c', 'aws-iso', 'us-iso-east-1'],
  ['arn:aws-iso-b:kms:us-isob-east-1:111122223333:alias/x', 'aws-iso-b', 'us-isob-east-1'],
  ['arn:aws-eusc:kms:eusc-de-east-1:111122223333:key/4b1c', 'aws-eusc', 'eusc-de-east-1'],
])('reads %s', (arn, partition, region) => {
  expect(parseKeyArn(arn)).toEqual({ partition, region })
})

test.each([
  ['', 'does not start with "arn:"'],
  ['alias/prod', 'does not start with "arn:"'],
  ['arn:gcp:kms:eu-central-1:111122223333:key/1', '"gcp" is no partition'],
  ['arn:aws:s3:::bucket', 'its service is "s3"'],
  ['arn:aws:kms::111122223333:key/1', '"" is no region'],
  ['arn:aws:kms:eu-central-1.evil.example:111122223333:key/1', 'is no region'],
  ['arn:aws:kms:eu/../x:111122223333:key/1', 'is no region'],
  ['arn:aws:kms:EU-CENTRAL-1:111122223333:key/1', 'is no region'],
  ['arn:aws:kms:eu-central-1:shop:key/1', '"shop" is no account number'],
  ['arn:aws:kms:eu-central-1:111122223333', '"" is neither key/ID nor alias/NAME'],
  ['arn:aws:kms:eu-central-1:111122223333:key/', 'is neither key/ID nor alias/NAME'],
  ['arn:aws:kms:eu-central-1:111122223333:grant/1', 'is neither key/ID nor alias/NAME'],
  ['arn:aws:kms:eu-central-1:111122223333:key/a b', 'is neither key/ID nor alias/NAME'],
  ['arn:aws:kms:eu-central-1:111122223333:key/1\nx', 'is neither key/ID nor alias/NAME'],
])('says what is wrong with %j', (arn, problem) => {
  expect(() => parseKeyArn(arn)).toThrow(
    expect.objectContaining({ code: 'KEY_INVALID', message: expect.stringContaining(problem) }),
  )
})

test('takes the ARNs of roles in every partition, and no others', () => {
  for (const arn of ['arn:aws:iam::111122223333:role/x', 'arn:aws-cn:iam::111122223333:role/path/x']) {
    expect(() => checkRoleArn(arn)).not.toThrow()
  }
  for (const arn of ['', 'arn:aws:iam::111122223333:user/x', 'arn:aws:sts::1:assumed-role/x/y', 'role/x']) {
    expect(() => checkRoleArn(arn)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }))
  }
})

test('names a session after the machine, within the limits of STS', () => {
  expect(roleSessionName('laptop.local')).toBe('kmsfile@laptop.local')
  expect(roleSessionName("ana's laptop (2)")).toBe('kmsfile@anaslaptop2')
  expect(roleSessionName('x'.repeat(200))).toHaveLength(64)
})
