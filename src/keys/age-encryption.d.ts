// The types of age-encryption name two types of browsers, which Node knows under other names or not at all.
import type { webcrypto } from 'node:crypto'

declare global {
  type CryptoKey = webcrypto.CryptoKey
  type AuthenticationExtensionsPRFValues = unknown
}
