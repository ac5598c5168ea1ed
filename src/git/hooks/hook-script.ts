import type { OwnProgram } from '../../host/machine.ts'
import { shellWord } from '../install/command-line.ts'

/** The hooks that every repository gets. */
export const HOOK_EVENTS = [
  'pre-commit',
  'prepare-commit-msg',
  'pre-merge-commit',
  'pre-applypatch',
  'post-commit',
  'pre-push',
] as const

/** Runs on every change of a ref, for who asks for it. */
export const STRICT_EVENT = 'reference-transaction'

export type HookEvent = (typeof HOOK_EVENTS)[number] | typeof STRICT_EVENT

/** What a hook is called that was there before ours. */
export function chainedName(event: string): string {
  return `${event}.kmsfile-chain`
}

/**
 * The hook as a file of its own: it runs kmsfile, and then the hook that was there before, with the same arguments and the
 * same stdin. It refuses where there is no kmsfile. Without `program`, it is the file of the same name in `hooks/`.
 */
export function hookScript(event: HookEvent | 'pre-receive', program?: OwnProgram | undefined): string {
  const { node = '', script = '' } = program ?? {}
  return [
    '#!/bin/sh',
    `# Keeps plaintext out of the repository. ${SKIP[event] ?? 'To let one file pass, once: KMSFILE_ALLOW_PLAINTEXT=PATH git ...'}`,
    '# To be rid of it: kmsfile git uninstall, or delete this file. A hook from before goes on as HOOK.kmsfile-chain.',
    `node=${shellWord(node)} script=${shellWord(script)}`,
    'run() {',
    '  if [ -x "$node" ] && [ -f "$script" ]; then "$node" "$script" "$@"',
    '  elif command -v kmsfile >/dev/null 2>&1; then kmsfile "$@"',
    // A branch that somebody checks out must not bring the program along.
    '  elif [ -x node_modules/.bin/kmsfile ] && [ -z "$(git ls-files ":(icase)node_modules")" ]',
    '  then node_modules/.bin/kmsfile "$@"',
    `  else echo "kmsfile: refused: ${MISSING} (hook $0)" >&2; return 1; fi`,
    '}',
    ...calls(event),
    '',
  ].join('\n')
}

/** What is said where there is no kmsfile. */
export const MISSING = 'there is no kmsfile on the PATH to look for plaintext; install it, or remove the hook'

const SKIP: Readonly<Partial<Record<string, string>>> = {
  'post-commit': 'This one stops nothing: it tidies up after git commit -v.',
  'pre-receive': 'What may be plaintext stands under exempt in the .kmsfile.yaml of the target branch.',
}

/** Whether git gives the hook something to read. */
function readsStdin(event: string): boolean {
  return event === 'pre-push' || event === 'reference-transaction' || event === 'pre-receive'
}

function calls(event: string): readonly string[] {
  // By its own name: who puts hooks aside as we do gives ours another one.
  const chain = `"\${0%/*}/${chainedName(event)}"`
  const next = (call: string) => `[ ! -x ${chain} ] || ${call}`
  // Most commits have no diff in their message, and need no Node to find that out.
  const needless =
    event === 'post-commit' ? `! grep -qs -e '-- >8 --' "$(git rev-parse --git-dir)/COMMIT_EDITMSG" || ` : ''
  if (!readsStdin(event)) return [`${needless}run git hook ${event} "$@" || exit`, next(`exec ${chain} "$@"`)]
  // Git calls it for every step of a transaction, and only one of them can still be refused.
  const only = event === STRICT_EVENT ? '[ "$1" != prepared ] || ' : ''
  return [
    // The last line breaks are a part of it, which a substitution drops.
    `refs=$(cat; echo .); refs=\${refs%.}`,
    `${only}printf %s "$refs" | run git hook ${event} "$@" || exit`,
    next(`printf %s "$refs" | ${chain} "$@"`),
  ]
}

/** Whether a hook is ours, as we wrote it: the program that it starts aside. */
export function isOurHook(text: string, event: HookEvent | 'pre-receive'): boolean {
  // A path may have anything in it, line breaks too; a quotation mark as a shell wants it.
  const program = /^node='(?:[^']|'\\'')*' script='(?:[^']|'\\'')*'$/m
  return text.replace(program, "node='' script=''") === hookScript(event)
}

/** Whether a text calls kmsfile for an event: ours, copied by hand, or written by somebody into his own. */
export function callsKmsfile(text: string, event: string): boolean {
  return new RegExp(`^[^#\\n]*(?:\\bkmsfile\\b[^\\n]*|\\brun) git hook ${event}(?![\\w-])`, 'm').test(text)
}
