import { planUninstall, uninstall } from '../../git/install/uninstall.ts'
import { requireRepository } from '../../vcs/repository.ts'
import type { Command } from '../command.ts'
import { changeData, changeText, shownPath, tellNotes } from '../git-setup.ts'
import { tellTransparent, transparentData, withoutTransparent } from '../git-transparent.ts'

export const gitUninstall: Command = {
  usage: 'git uninstall',
  summary:
    'Takes kmsfile out of this clone: its files are afterwards what they were before kmsfile git install, byte for byte. ' +
    'What is committed stays.',
  options: {
    purge: { type: 'boolean', describe: 'also take out what is committed: .gitattributes, hooks that everybody has' },
    'dry-run': { type: 'boolean', describe: 'say what would be done, and do nothing' },
    yes: { type: 'boolean', alias: 'y', describe: 'ask nothing; there are no questions so far' },
  },
  examples: [['kmsfile git uninstall --dry-run', 'what it would change']],
  async run(args, cli) {
    const repository = await requireRepository(cli.host, '.')
    const dryRun = args['dry-run'] === true
    const restored = await withoutTransparent(cli, { repository, dryRun })
    const plan = await planUninstall(repository, { purge: args['purge'] === true })
    if (!dryRun) await uninstall(repository, plan)
    const { changes, refs, caches, notes } = plan
    if (cli.json) {
      await cli.outJson({
        dryRun,
        changes: changes.map((change) => changeData(repository, change)),
        refs,
        caches: caches.map((path) => shownPath(repository, path)),
        notes,
        ...transparentData(repository, restored),
      })
      return undefined
    }
    const nothing = changes.length + refs.length + caches.length === 0
    if (nothing) cli.say('nothing to do: kmsfile is not installed in this clone')
    else if (dryRun) {
      for (const line of [...changes.map((each) => changeText(repository, each)), ...refs.map((ref) => `- ${ref}`)]) {
        cli.say(line)
      }
    } else cli.say('git: kmsfile is taken out; nothing looks for plaintext in this clone any more')
    tellTransparent(cli, {}, restored)
    tellNotes(cli, notes)
    return undefined
  },
}
