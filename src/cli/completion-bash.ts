import { type CommandWords, LEADING_OPTIONS } from './completion-words.ts'

/** A completion script for bash, 3.2 and later, that needs no other; `source <(kmsfile completion bash)`. */
export function bashScript(commands: readonly CommandWords[]): string {
  const names = commands.map(({ name }) => name)
  return `# kmsfile completion for bash: source <(kmsfile completion bash)
_kmsfile() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command= options= arguments= values= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${names.join('|')}) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  # Bash takes the = of --option=value for a word.
  if [[ $word == = ]]; then
    word=
  elif [[ $previous == = ]]; then
    previous=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  COMPREPLY=()
  case $command in
${commands.map(commandCase).join('\n')}
    *) options='${LEADING_OPTIONS.map(({ long }) => long).join(' ')}' arguments='${names.join(' ')}' ;;
  esac
  case $command$previous in
${[{ name: '', options: LEADING_OPTIONS }, ...commands].flatMap(valueCases).join('\n')}
  esac
  if [[ -n $values ]]; then
    options= arguments=
    # Files are what bash completes by itself.
    [[ $values == files ]] && return
    COMPREPLY=($(compgen -W "$values" -- "$word"))
  elif [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
  else
    COMPREPLY=($(compgen -W "$arguments" -- "$word"))
  fi
}
complete -o bashdefault -o default -F _kmsfile kmsfile
`
}

function commandCase({ name, options, arguments: words }: CommandWords): string {
  const typed = options.map(({ long }) => long).join(' ')
  return `    ${name}) options='${typed}'${Array.isArray(words) ? ` arguments='${words.join(' ')}'` : ''} ;;`
}

function valueCases({ name, options }: Pick<CommandWords, 'name' | 'options'>): readonly string[] {
  const withValue = options.filter(({ value }) => value !== 'none')
  const any = withValue
    .filter(({ value }) => value === 'any')
    .flatMap(({ long, short }) => [long, ...(short ? [short] : [])])
  const chosen = withValue.filter(({ value }) => value !== 'any')
  return [
    ...(any.length > 0 ? [`    ${any.map((option) => name + option).join('|')}) values=files ;;`] : []),
    ...chosen.map(({ long, value }) => `    ${name}${long}) values='${(value as readonly string[]).join(' ')}' ;;`),
  ]
}
