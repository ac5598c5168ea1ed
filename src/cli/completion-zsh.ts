import { type CommandWords, LEADING_OPTIONS, type OptionWord } from './completion-words.ts'

/** A completion script for zsh: `source <(kmsfile completion zsh)`, or a file \`_kmsfile\` in a folder of fpath. */
export function zshScript(commands: readonly CommandWords[]): string {
  const valued = LEADING_OPTIONS.flatMap(({ long, value }) => (value === 'none' ? [] : [long]))
  return `#compdef kmsfile
# kmsfile completion for zsh: source <(kmsfile completion zsh)
_kmsfile() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join('\n')}
  )
  local -i at=2
  while (( at < CURRENT )) && [[ $words[at] == -* ]]; do
    [[ $words[at] == (${valued.join('|')}) ]] && (( at++ ))
    (( at++ ))
  done
  if (( at >= CURRENT )); then
    _arguments -s \\
      ${LEADING_OPTIONS.flatMap(optionSpecs).join(' \\\n      ')} \\
      '*:command:_kmsfile_commands'
    return
  fi
  words=("\${(@)words[at,-1]}")
  (( CURRENT -= at - 1 ))
  case $words[1] in
${commands.map(commandCase).join('\n')}
    *) _files ;;
  esac
}
_kmsfile_commands() {
  _describe -t commands command commands
  _files
}
if [[ $funcstack[1] == _kmsfile ]]; then
  _kmsfile "$@"
else
  compdef _kmsfile kmsfile
fi
`
}

function commandCase({ name, options, arguments: words }: CommandWords): string {
  const specs = options.flatMap(optionSpecs)
  if (words === 'files') specs.push(quoted('*:file:_files'))
  else if (words !== 'none') specs.push(quoted(`1:argument:(${words.join(' ')})`))
  return `    ${name})\n      _arguments -s \\\n        ${specs.join(' \\\n        ')}\n      ;;`
}

function optionSpecs({ long, short, summary, value }: OptionWord): readonly string[] {
  const tail = value === 'none' ? '' : value === 'any' ? ':value:_files' : `:value:(${value.join(' ')})`
  const text = `[${summary.replaceAll(/[\\[\]:]/g, '\\$&')}]${tail}`
  const names = [...(short === undefined ? [] : [short]), value === 'none' ? long : `${long}=`]
  const excluded = short === undefined ? '' : `(${short} ${long})`
  return names.map((name) => quoted(`${excluded}${name}${text}`))
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
