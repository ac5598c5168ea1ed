import type { FormatEditor, FormatName } from './format.ts'

/** The editor of a format. It loads on first use: reading and writing whole files needs none. */
export async function editorOf(format: FormatName): Promise<FormatEditor> {
  switch (format) {
    case 'yaml': {
      const { setYaml, unsetYaml } = await import('./yaml-edit.ts')
      return { set: setYaml, unset: unsetYaml }
    }
    case 'json': {
      const { setJson, unsetJson } = await import('./json-set.ts')
      return { set: setJson, unset: unsetJson }
    }
    default:
      return format satisfies never
  }
}
