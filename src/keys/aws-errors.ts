import { KmsfileError } from '../errors.ts'

/** What was asked, for the words about its failure. */
export interface AwsCall {
  /** `kms:Decrypt` and the like: the permission that it takes. */
  readonly action: string
  readonly timeoutMs: number
  /** The profile that was used. */
  readonly profile?: string | undefined
  /** The profile that the file names. */
  readonly profileOfFile?: string | undefined
}

type Explanation = readonly [reason: string, hint?: string | undefined]

/** What the errors of KMS and STS mean; their own messages stay out, since some repeat the signed request. */
const MEANINGS: Readonly<Record<string, Explanation>> = {
  NotFoundException: ['no such key or alias'],
  DisabledException: ['the key is disabled'],
  KMSInvalidStateException: ['the key is disabled or about to be deleted'],
  KeyUnavailableException: ['the key is not available'],
  InvalidCiphertextException: ['not wrapped by this key, or with another encryption context'],
  IncorrectKeyException: ['wrapped by another key'],
  InvalidKeyUsageException: ['the key is not one for encryption'],
  ThrottlingException: ['too many requests'],
  Throttling: ['too many requests'],
  ExpiredTokenException: ['the credentials have expired', 'log in to AWS again'],
  ExpiredToken: ['the credentials have expired', 'log in to AWS again'],
  UnrecognizedClientException: ['AWS does not know the access key'],
  InvalidClientTokenId: ['AWS does not know the access key'],
  InvalidSignatureException: ['the secret access key or the clock is wrong'],
  SignatureDoesNotMatch: ['the secret access key or the clock is wrong'],
  IncompleteSignature: ['the secret access key or the clock is wrong'],
  InvalidIdentityToken: ['the web identity token is not accepted'],
}

/**
 * Says in a few words why a call to AWS failed. Nothing of the request, the answer or the credentials is in it, except
 * the name of the error and the ARN of who asked.
 */
export function explainAwsError(error: unknown, call: AwsCall): KmsfileError {
  if (error instanceof KmsfileError) return error
  const [reason, hint] = explanation(error as Failure, call)
  // No cause: the SDK's error holds the request with its signature.
  return new KmsfileError(reason, { code: 'KEY_UNAVAILABLE', hint })
}

type Failure = Partial<Error> & {
  readonly code?: unknown
  readonly peer?: unknown
  readonly $fault?: unknown
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly statusCode?: number }
}

function explanation(error: Failure, call: AwsCall): Explanation {
  const name = word(error.name)
  const at = typeof error.peer === 'string' ? ` ${error.peer}` : ''
  // The SDK gives that name to connections that break, too.
  if (name === 'TimeoutError' && !/^(?:ECONNRESET|EPIPE)$/.test(word(error.code)))
    return [`no answer within ${call.timeoutMs / 1000} s${at && ` from${at}`}`]
  if (name === 'AbortError') return ['given up']
  if (name === 'CredentialsProviderError' || name === 'TokenProviderError')
    return aboutCredentials(error.message ?? '', call)
  if (error.$fault !== undefined) return aboutService(name, error, call)
  const status = error.$response?.statusCode ?? error.$metadata?.httpStatusCode
  if (status !== undefined) return [`an answer that is not one of AWS (status ${status})`]
  const code = word(error.code)
  if (/CERT|ISSUER|SIGNATURE/.test(code)) {
    return [`the certificate of${at || ' the server'} is not trusted (${code})`, 'name its CA in AWS_CA_BUNDLE']
  }
  if (code !== '') return [`${code}${at}`]
  return [`the AWS SDK failed (${name || 'Error'})`]
}

function aboutService(name: string, error: Failure, { action }: AwsCall): Explanation {
  if (name.startsWith('AccessDenied')) return aboutAccess(name, error.message ?? '', action)
  const [meaning, hint] = MEANINGS[name] ?? []
  const status = error.$metadata?.httpStatusCode
  return [`${name} (${meaning ?? `status ${status}`})`, hint]
}

/** "User: ARN is not authorized to perform: ACTION on resource: ..." */
function aboutAccess(name: string, message: string, action: string): Explanation {
  const who = /User: (arn:aws[\w-]*:(?:sts|iam)::\d*:[\w+=,.@/-]+)/.exec(message)?.[1]
  const what = /to perform: (\w+:\w+)/.exec(message)?.[1] ?? action
  const object = what === 'sts:AssumeRole' ? 'role' : 'key'
  return [`${name}${who === undefined ? '' : ` (as ${who})`}`, `ask for ${what} on the ${object}`]
}

/** The SDK's own words are read but not repeated: they may quote what a program of the user printed. */
function aboutCredentials(message: string, { profile, profileOfFile }: AwsCall): Explanation {
  const option = profile !== undefined && /^[\w.@-]+$/.test(profile) ? ` --profile ${profile}` : ''
  if (/\bSSO\b.*\b(?:expired|invalid|not found)|Token is expired/i.test(message)) {
    return ['the SSO session has expired', `run "aws sso login${option}"`]
  }
  if (message.includes('aws login')) return ['the login session has expired', `run "aws login${option}"`]
  if (message.includes('multi-factor')) return ['the profile asks for an MFA code, and there is no terminal to ask on']
  if (profile !== undefined) return [`no credentials in profile ${profile}`, 'see what "aws configure list" finds']
  const missing = profileOfFile ? `no profile ${profileOfFile} here, ` : ''
  return [`no credentials (${missing}AWS_PROFILE, AWS_ACCESS_KEY_ID, SSO, web identity)`, 'log in to AWS']
}

/** The name or code of an error, if it looks like one. */
function word(text: unknown): string {
  return typeof text === 'string' && /^[\w.]{1,60}$/.test(text) ? text : ''
}
