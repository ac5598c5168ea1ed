import { KmsfileError } from '../errors.ts'

/** What an ARN says of a KMS key. */
export interface KmsArn {
  /** `aws`, `aws-cn`, `aws-us-gov`, `aws-iso`, ... */
  readonly partition: string
  readonly region: string
}

const SHAPE = 'arn:aws:kms:REGION:ACCOUNT:key/ID or arn:aws:kms:REGION:ACCOUNT:alias/NAME'
/** A label of a host name. The region becomes one, and the ARN may come from a file that somebody else wrote. */
const REGION = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * Reads the ARN of a KMS key or alias, in any partition.
 *
 * Stricter than sops in the region alone, which sops takes to be anything.
 *
 * @throws KmsfileError `KEY_INVALID`, naming the part that is wrong.
 */
export function parseKeyArn(arn: string): KmsArn {
  const [prefix, partition = '', service = '', region = '', account = '', ...rest] = arn.split(':')
  const resource = rest.join(':')
  if (prefix !== 'arn') throw invalid(arn, 'it does not start with "arn:"')
  if (!/^aws[\w-]*$/.test(partition)) throw invalid(arn, `${quote(partition)} is no partition of AWS`)
  if (service !== 'kms') throw invalid(arn, `its service is ${quote(service)}, not "kms"`)
  if (!REGION.test(region)) throw invalid(arn, `${quote(region)} is no region`)
  if (!/^\d+$/.test(account)) throw invalid(arn, `${quote(account)} is no account number`)
  if (!/^(?:key|alias)\/[\x21-\x7e]+$/.test(resource)) {
    throw invalid(arn, `${quote(resource)} is neither key/ID nor alias/NAME`)
  }
  return { partition, region }
}

/**
 * Checks the ARN of a role to assume.
 *
 * @throws KmsfileError `KEY_INVALID`
 */
export function checkRoleArn(arn: string): void {
  if (/^arn:aws[\w-]*:iam::\d+:role\/[\x21-\x7e]+$/.test(arn)) return
  throw new KmsfileError(`${quote(arn)} is not the ARN of a role`, {
    code: 'KEY_INVALID',
    hint: 'write it as arn:aws:iam::ACCOUNT:role/NAME',
  })
}

/** Name of the session under which a role is assumed; CloudTrail shows it. At most 64 characters, as STS asks. */
export function roleSessionName(hostname: string): string {
  return `kmsfile@${hostname.replace(/[^\w+=,.@-]/g, '')}`.slice(0, 64)
}

function invalid(arn: string, problem: string): KmsfileError {
  return new KmsfileError(`${quote(arn)} is not the ARN of a KMS key: ${problem}`, {
    code: 'KEY_INVALID',
    hint: `write it as ${SHAPE}`,
  })
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text)
}
