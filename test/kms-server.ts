import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'

/** What a request does instead of being answered. */
export type Behaviour = 'throttle' | 'fail' | 'stall' | 'deny' | 'hang-up' | 'garbage'

export interface KmsCall {
  /** `Encrypt`, `Decrypt`, `GenerateDataKey`, `AssumeRole`, `AssumeRoleWithWebIdentity`, `GetRoleCredentials`. */
  readonly action: string
  /** The ARN that was asked for: of a key, an alias or a role. */
  readonly target: string
  /** The ARN of who signed; the token, where that came instead. */
  readonly caller: string
  readonly region: string
}

export interface KmsServer {
  readonly url: string
  readonly port: number
  /** All requests so far, those that failed too. */
  readonly calls: readonly KmsCall[]
  /** How many connections were opened. */
  readonly connections: number
  /** How many requests wait for their answer. */
  readonly open: number
  /** Makes a key, and the aliases that lead to it. */
  addKey(arn: string, options?: { readonly aliases?: readonly string[]; readonly disabled?: boolean }): void
  /** Misbehaves for requests with that target, `times` times or until the function it returns is called. */
  misbehave(behaviour: Behaviour, options?: { readonly target?: string; readonly times?: number }): () => void
  /** Holds all answers back until the function it returns is called. */
  hold(): () => void
  close(): Promise<void>
}

export interface KmsServerOptions {
  /** Certificate and key in PEM; without them it speaks plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

/** The user whose access keys the tests hold. */
export const USER = 'arn:aws:iam::111122223333:user/me'
export const ACCESS_KEY_ID = 'AKIAKMSFILETEST'

interface Key {
  readonly arn: string
  readonly secret: Uint8Array
  readonly disabled: boolean
}

class ServiceError extends Error {
  readonly type: string
  readonly status: number
  constructor(type: string, message: string, status = 400) {
    super(message)
    this.type = type
    this.status = status
  }
}

/**
 * A KMS in this process, on a port of 127.0.0.1: JSON 1.1 as the real one speaks it, with real AES-GCM and the
 * encryption context as associated data, and the roles of STS and SSO beside it. It takes any signature that looks like one.
 */
export async function startKmsServer({ tls }: KmsServerOptions = {}): Promise<KmsServer> {
  const keys = new Map<string, Key>()
  const sessions = new Map<string, string>()
  const calls: KmsCall[] = []
  const troubles: { behaviour: Behaviour; target: string | undefined; times: number }[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  let held: Promise<void> | undefined
  let open = 0

  const server: Server = tls ? createHttpsServer(tls, answer) : createHttpServer(answer)
  server.on('connection', (socket) => {
    connections++
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    open++
    response.once('close', () => open--)
    const body = await read(request)
    const sts = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false
    try {
      const call = callOf(request, body)
      calls.push(call)
      await held
      const behaviour = troubleWith(call)
      if (behaviour === 'stall') return
      if (behaviour === 'hang-up') return void request.socket.destroy()
      if (behaviour === 'garbage') return void response.end('<html>welcome to the hotel</html>')
      refuse(behaviour, call)
      if (sts) return send(response, 200, assumeRole(new URLSearchParams(body)))
      if (call.action === 'GetRoleCredentials') return send(response, 200, JSON.stringify(ssoCredentials(call)))
      send(response, 200, JSON.stringify(kms(call, JSON.parse(body))))
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      const { type, message, status } = error
      if (sts) return send(response, status, errorXml(type, message))
      send(response, status, JSON.stringify({ __type: type, message }))
    }
  }

  function callOf(request: IncomingMessage, body: string): KmsCall {
    const url = new URL(request.url ?? '', 'http://sso')
    const token = request.headers['x-amz-sso_bearer_token']
    if (token !== undefined) {
      return {
        action: 'GetRoleCredentials',
        target: url.searchParams.get('role_name') ?? '',
        caller: `${token}`,
        region: '',
      }
    }
    const form = new URLSearchParams(body)
    const said = { action: form.get('Action') ?? '', target: form.get('RoleArn') ?? '' }
    // The one request without a signature: the token stands in for it.
    if (said.action === 'AssumeRoleWithWebIdentity')
      return { ...said, caller: form.get('WebIdentityToken') ?? '', region: '' }
    const signature =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/\w+\/aws4_request, SignedHeaders=[\w;-]*\bhost\b[\w;-]*, Signature=[0-9a-f]{64}$/
    const [, accessKeyId = '', region = ''] = signature.exec(request.headers.authorization ?? '') ?? []
    const caller = accessKeyId === ACCESS_KEY_ID ? USER : sessions.get(accessKeyId)
    if (region === '') throw new ServiceError('MissingAuthenticationTokenException', 'Missing Authentication Token')
    if (caller === undefined) {
      throw new ServiceError('UnrecognizedClientException', 'The security token included in the request is invalid.')
    }
    const action = /^TrentService\.(\w+)$/.exec(String(request.headers['x-amz-target']))?.[1]
    if (action !== undefined) return { action, target: String(JSON.parse(body).KeyId), caller, region }
    return { ...said, caller, region }
  }

  function troubleWith({ target }: KmsCall): Behaviour | undefined {
    const trouble = troubles.find((one) => one.times > 0 && (one.target === undefined || one.target === target))
    if (trouble !== undefined) trouble.times--
    return trouble?.behaviour
  }

  function kms({ action, target }: KmsCall, input: Record<string, never>): Record<string, string> {
    const key = keys.get(target)
    if (key === undefined) throw new ServiceError('NotFoundException', `Key '${target}' does not exist`)
    if (key.disabled) throw new ServiceError('DisabledException', `${key.arn} is disabled.`)
    const context = input['EncryptionContext'] ?? {}
    const CiphertextBlob = (plaintext: Uint8Array) => encrypt(key, plaintext, context).toString('base64')
    switch (action) {
      case 'Encrypt':
        return { KeyId: key.arn, CiphertextBlob: CiphertextBlob(Buffer.from(input['Plaintext'] ?? '', 'base64')) }
      case 'Decrypt': {
        const plaintext = decrypt(key, Buffer.from(input['CiphertextBlob'] ?? '', 'base64'), context)
        return { KeyId: key.arn, Plaintext: plaintext.toString('base64') }
      }
      case 'GenerateDataKey': {
        const plaintext = randomBytes(Number(input['NumberOfBytes']))
        return { KeyId: key.arn, Plaintext: plaintext.toString('base64'), CiphertextBlob: CiphertextBlob(plaintext) }
      }
      default:
        throw new ServiceError('UnknownOperationException', action)
    }
  }

  /** Access keys for a session. */
  function login(arn: string): string {
    const accessKeyId = `ASIA${randomBytes(8).toString('hex').toUpperCase()}`
    sessions.set(accessKeyId, arn)
    return accessKeyId
  }

  function ssoCredentials({ target }: KmsCall) {
    const accessKeyId = login(`arn:aws:sts::111122223333:assumed-role/${target}/sso`)
    const expiration = Date.now() + 3_600_000
    return { roleCredentials: { accessKeyId, secretAccessKey: 's', sessionToken: 't', expiration } }
  }

  function assumeRole(form: URLSearchParams): string {
    const session = form.get('RoleArn')?.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')
    const arn = `${session}/${form.get('RoleSessionName')}`
    const action = form.get('Action')
    return `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>
      <Credentials><AccessKeyId>${login(arn)}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
      <SessionToken>t</SessionToken><Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration></Credentials>
      <AssumedRoleUser><AssumedRoleId>A:b</AssumedRoleId><Arn>${arn}</Arn></AssumedRoleUser>
      </${action}Result></${action}Response>`
  }

  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    calls,
    get connections() {
      return connections
    },
    get open() {
      return open
    },
    addKey(arn, { aliases = [], disabled = false } = {}) {
      const key = { arn, secret: randomBytes(32), disabled }
      for (const name of [arn, ...aliases]) keys.set(name, key)
    },
    misbehave(behaviour, { target, times = Number.POSITIVE_INFINITY } = {}) {
      const trouble = { behaviour, target, times }
      troubles.push(trouble)
      return () => {
        trouble.times = 0
      }
    },
    hold() {
      const { promise, resolve } = gate()
      held = promise
      return resolve
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function gate(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

function refuse(behaviour: Behaviour | undefined, { action, target, caller }: KmsCall): void {
  if (behaviour === 'throttle') throw new ServiceError('ThrottlingException', 'You have exceeded the rate.')
  if (behaviour === 'fail') throw new ServiceError('KMSInternalException', 'A server error.', 500)
  if (behaviour !== 'deny') return
  const permission = action === 'AssumeRole' ? 'sts:AssumeRole' : `kms:${action}`
  throw new ServiceError(
    action === 'AssumeRole' ? 'AccessDenied' : 'AccessDeniedException',
    `User: ${caller} is not authorized to perform: ${permission} on resource: ${target} because no identity-based policy allows the ${permission} action`,
    action === 'AssumeRole' ? 403 : 400,
  )
}

function encrypt(key: Key, plaintext: Uint8Array, context: Record<string, string>): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key.secret, nonce).setAAD(associatedData(context))
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

function decrypt(key: Key, blob: Buffer, context: Record<string, string>): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.secret, blob.subarray(0, 12))
    decipher.setAAD(associatedData(context)).setAuthTag(blob.subarray(-16))
    return Buffer.concat([decipher.update(blob.subarray(12, -16)), decipher.final()])
  } catch {
    // The real one has no message here either.
    throw new ServiceError('InvalidCiphertextException', '')
  }
}

function associatedData(context: Record<string, string>): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))))
}

function errorXml(type: string, message: string): string {
  return `<ErrorResponse><Error><Type>Sender</Type><Code>${type}</Code><Message>${message}</Message></Error></ErrorResponse>`
}

function send(response: ServerResponse, status: number, body: string): void {
  const type = body.startsWith('<') ? 'text/xml' : 'application/x-amz-json-1.1'
  response.writeHead(status, { 'Content-Type': type }).end(body)
}

async function read(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}
