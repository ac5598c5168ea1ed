import { createHash } from 'node:crypto'

/** What stands in a file for a value, as kmsfile and sops write it. */
const VALUE =
  /ENC\[AES256_GCM,data:([A-Za-z0-9+/]*=*),iv:([A-Za-z0-9+/]*=*),tag:([A-Za-z0-9+/]*=*),type:([a-z]{1,7})\]/g

/**
 * A text with a placeholder for each encrypted value: its type, its length in bytes, and four digits by which people see whether
 * it is another one: `ENC[str len=12 #3f9a]`. None of this is more than the text itself says to everybody.
 */
export function redacted(text: string): string {
  return text.replace(VALUE, (_, data: string, nonce: string, tag: string, type: string) => {
    return `ENC[${type} len=${Buffer.byteLength(data, 'base64')} #${shortHash([data, nonce, tag])}]`
  })
}

/** Four hexadecimal digits that stand for texts. */
export function shortHash(texts: readonly string[], digits = 4): string {
  return createHash('sha256').update(texts.join()).digest('hex').slice(0, digits)
}
