import { createServer } from 'node:http'

/** The key that the server has. */
export const KEY_ARN = 'arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000000'
// As long as a data key under a real key of AWS KMS.
const BLOB_BYTES = 184

/**
 * A KMS on a port of 127.0.0.1 that answers each call `delayMs` late, as one in the nearest region does. It keeps
 * nothing secret: a blob is the plaintext, filled up.
 *
 * `calls` counts requests, `most` how many waited at the same time; `reset` starts both anew.
 */
export async function startSlowKms(delayMs) {
  const counted = { calls: 0, most: 0 }
  let open = 0
  const server = createServer(async (request, response) => {
    counted.calls++
    counted.most = Math.max(counted.most, ++open)
    let body = ''
    for await (const chunk of request) body += chunk
    await new Promise((resolve) => setTimeout(resolve, delayMs))
    open--
    const answer = answerTo(String(request.headers['x-amz-target']), JSON.parse(body))
    response.writeHead(200, { 'Content-Type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    counted,
    env: {
      AWS_ENDPOINT_URL_KMS: `http://127.0.0.1:${server.address().port}`,
      AWS_ACCESS_KEY_ID: 'AKIABENCH',
      AWS_SECRET_ACCESS_KEY: 'bench',
      AWS_REGION: 'eu-central-1',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    reset: () => Object.assign(counted, { calls: 0, most: 0 }),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

function answerTo(target, { Plaintext, CiphertextBlob, NumberOfBytes = 32 }) {
  switch (target) {
    case 'TrentService.Encrypt':
      return { KeyId: KEY_ARN, CiphertextBlob: blobOf(Buffer.from(Plaintext, 'base64')) }
    case 'TrentService.Decrypt': {
      const blob = Buffer.from(CiphertextBlob, 'base64')
      return { KeyId: KEY_ARN, Plaintext: blob.subarray(1, 1 + blob[0]).toString('base64') }
    }
    case 'TrentService.GenerateDataKey': {
      const dataKey = crypto.getRandomValues(Buffer.alloc(NumberOfBytes))
      return { KeyId: KEY_ARN, Plaintext: dataKey.toString('base64'), CiphertextBlob: blobOf(dataKey) }
    }
    default:
      throw new Error(`the slow KMS does not know ${target}`)
  }
}

function blobOf(plaintext) {
  return Buffer.concat([Buffer.from([plaintext.length]), plaintext, Buffer.alloc(BLOB_BYTES)], BLOB_BYTES).toString(
    'base64',
  )
}
