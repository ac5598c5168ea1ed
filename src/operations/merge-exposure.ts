import { compileSelector, type Selection, type Selector } from '../core/selection.ts'
import type { Document, Path, ScalarType } from '../core/tree.ts'
import { walk } from '../core/walk.ts'
import { KmsfileError } from '../errors.ts'
import type { Format } from '../formats/format.ts'
import { isConcealable } from './open-values.ts'
import { wrapRoot } from './root-key.ts'

/** A plaintext, and what of it is encrypted. */
export interface Concealed {
  readonly text: string
  readonly selector: Selector
  /** It is encrypted as one value: nothing of it is readable. */
  readonly isWhole: boolean
}

/**
 * Places at which a merged text would have something readable that no side has readable there: a value that one of them
 * encrypts, be it that the rules of the other side leave it readable, that its key was renamed, or that a comment says so.
 * Nothing can be readable in a text that has no tree: it becomes one value.
 *
 * `written`: somebody may have written values of their own, which are no secrets because a secret says the same.
 *
 * @throws KmsfileError `CONFIG_INVALID` for a selector that does not compile, `FORMAT_TOO_MANY_ALIASES`
 */
export async function exposedPlaces(
  format: Format,
  merged: Concealed,
  { sides, written = false }: { readonly sides: readonly Concealed[]; readonly written?: boolean | undefined },
): Promise<readonly Path[]> {
  const result = await contentOf(format, merged)
  if (result === undefined) return []
  const known = await Promise.all(sides.map((side) => contentOf(format, side)))
  const readable = (id: string) => known.some((side) => side?.readable.has(id))
  const isSecret = ({ place, text }: Found) =>
    known.some((side) => side === undefined || side.secretPlaces.has(place) || (!written && side.secretTexts.has(text)))
  return [...result.readable].flatMap(([id, found]) => (!readable(id) && isSecret(found) ? [found.path] : []))
}

interface Found {
  readonly path: Path
  readonly place: string
  /** With its type. */
  readonly text: string
}

interface Content {
  readonly readable: ReadonlyMap<string, Found>
  readonly secretPlaces: ReadonlySet<string>
  readonly secretTexts: ReadonlySet<string>
}

/** What of a text is readable, and what is not. Undefined where all of it is encrypted. */
async function contentOf(format: Format, { text, selector, isWhole }: Concealed): Promise<Content | undefined> {
  const documents = isWhole ? undefined : documentsOf(format, text)
  return documents && contentIn(documents, await compileSelector(selector))
}

function contentIn(documents: readonly Document[], selection: Selection): Content {
  const readable = new Map<string, Found>()
  const [secretPlaces, secretTexts] = [new Set<string>(), new Set<string>()]
  const add = (type: ScalarType | 'comment', text: string, { keys, secret }: { keys: Path; secret: boolean }) => {
    // Comments move with what they are about.
    const place = type === 'comment' ? '#' : JSON.stringify(keys)
    const typed = `${type} ${type === 'comment' ? text.trim() : text}`
    if (!secret) readable.set(`${place} ${typed}`, { path: [...keys], place, text: typed })
    else {
      if (type !== 'comment') secretPlaces.add(place)
      secretTexts.add(typed)
    }
  }
  walk(
    documents.map(wrapRoot),
    {
      leaf({ type, text }, place) {
        if (isConcealable(type, text)) add(type, text, place)
      },
      comment({ text }, place) {
        if (text.trim() !== '') add('comment', text, place)
      },
    },
    { selection },
  )
  return { readable, secretPlaces, secretTexts }
}

function documentsOf(format: Format, text: string): readonly Document[] | undefined {
  try {
    return text.trim() === '' ? [] : format.scan(text).documents
  } catch (error) {
    if (error instanceof KmsfileError && error.code !== 'FORMAT_TOO_MANY_ALIASES') return undefined
    throw error
  }
}
