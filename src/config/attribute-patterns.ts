import { parseGlob } from './glob-syntax.ts'

/**
 * The patterns of a `.gitattributes` that match what a glob of a rule does, ready to be followed by a space and attributes.
 *
 * Attributes have no braces, and a folder's do not reach what lies below it, so one glob may need several. A name with an
 * extension is taken for that of files alone. `folder` is where the configuration lies, from that of the
 * `.gitattributes`; empty where both are the same.
 *
 * @throws KmsfileError `CONFIG_INVALID` without a place.
 */
export function attributePatterns(glob: string, { folder = '' }: { folder?: string } = {}): string[] {
  const prefix = folder === '' ? '' : `${folder.replaceAll(/[\\*?[]/g, '\\$&')}/`
  const patterns = parseGlob(glob).flatMap(({ pattern, folderOnly }) => {
    const body = folderOnly ? pattern.slice(0, -1) : pattern
    const anchored = body.includes('/')
    const path = body.startsWith('/') ? body.slice(1) : body
    const anywhere = anchored ? path : `**/${path}`
    // Folders alone: `**` would stand for files, too.
    const below = `${prefix}${anywhere.replace(/(?<=^|\/)\*{2,}$/, '*')}/**`
    if (folderOnly) return [below]
    // A pattern without a slash matches at any depth, and one in a folder has a slash.
    const itself = prefix === '' && !path.includes('/') ? body : `${prefix}${anywhere}`
    return hasExtension(path) || /(?:^|\/)\*\*+$/.test(path) ? [itself] : [itself, below]
  })
  return [...new Set(patterns)].map(quote)
}

/** `*.enc.yaml` and `prod.json`, but not `secrets`, `*`, `v1.2` or `.secrets`. */
function hasExtension(path: string): boolean {
  return /[^/]\.[A-Za-z][A-Za-z0-9]*$/.test(path)
}

/** A line of attributes ends the pattern at a space, and reads one that starts with a quote as C does. */
function quote(pattern: string): string {
  return /^[#"]|\s/.test(pattern) ? `"${pattern.replaceAll(/[\\"]/g, '\\$&')}"` : pattern
}
