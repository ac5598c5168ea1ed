// What kmsfile uses of the AWS SDK: loaded as one, on first use, and bundled without the rest.
export { DecryptCommand, EncryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms'
export { defaultProvider } from '@aws-sdk/credential-provider-node'
export { NodeHttpHandler } from '@smithy/node-http-handler'
