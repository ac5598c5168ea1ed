import { requireRepository } from '../../vcs/repository.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import {
  changeText,
  isComplete,
  SETUP_OPTIONS,
  setUpGit,
  setupData,
  setupOptionsOf,
  setupText,
  tellNotes,
} from '../git-setup.ts'
import { tellTransparent, transparentData, withTransparent } from '../git-transparent.ts'

export const gitInstall: Command = {
  usage: 'git install',
  summary:
    'Has git call kmsfile in this clone: hooks that refuse plaintext, drivers that show and merge what is encrypted. ' +
    'What is there already stays, and goes on. Ends with 1 if a hook has to be put in by hand.',
  options: {
    ...SETUP_OPTIONS,
    transparent: {
      type: 'string',
      array: true,
      requiresArg: true,
      describe:
        'experimental: files of this pattern, as in .gitattributes, are plaintext in the work tree and encrypted in git; ' +
        'several times for several (--no-transparent: none)',
    },
    'dry-run': { type: 'boolean', describe: 'say what would be done, and do nothing' },
    yes: { type: 'boolean', alias: 'y', describe: 'ask nothing; there are no questions so far' },
  },
  examples: [
    ['kmsfile git install', 'in a fresh clone; once more after an update'],
    ['kmsfile git install --guard', 'so that plaintext does not even get into the object store'],
    [
      'kmsfile git install --transparent "secrets/dev/**"',
      'some files as plaintext in the work tree; says what it costs',
    ],
    ['kmsfile git install --hooks print', 'the hooks, to be put where you want them'],
  ],
  async run(args, cli) {
    const repository = await requireRepository(cli.host, '.')
    const dryRun = args['dry-run'] === true
    const setUp = (transparent?: readonly string[]) =>
      setUpGit(cli, repository, { ...setupOptionsOf(args), transparent, dryRun })
    const { plan, files } = await withTransparent(args, cli, { repository, dryRun, setUp })
    const { changes, hooks, notes } = plan
    if (cli.json) await cli.outJson({ dryRun, ...setupData(repository, plan), ...transparentData(repository, files) })
    else {
      if (changes.length === 0) cli.say(`nothing to do: ${setupText(plan)} are installed`)
      else if (dryRun) {
        cli.say(`would install ${setupText(plan)}`)
        for (const change of changes) cli.say(`  ${changeText(repository, change)}`)
      } else cli.say(`git: ${setupText(plan)} (undo: kmsfile git uninstall)`)
      if (hooks.chained.length > 0) cli.say(`what was there before runs after ours: ${hooks.chained.join(', ')}`)
      tellTransparent(cli, plan.settings, files)
      tellNotes(cli, notes)
      if (hooks.instructions !== undefined) await cli.out(hooks.instructions)
    }
    return isComplete(plan) ? EXIT.ok : EXIT.found
  },
}
