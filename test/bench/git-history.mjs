// Reading a history of one file: kmsfile in one process, and as the program that git starts for each version.
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { smallYamlText } from './documents.mjs'
import { gitIn } from './git-repository.mjs'
import { compare, medians, runOnce, takeTurns } from './processes.mjs'

const REVISIONS = 200

export async function gitHistory({ place, quick, report }) {
  const revisions = quick ? REVISIONS / 10 : REVISIONS
  const repository = gitIn(place, 'git-history')
  const { work, git } = repository
  writeFileSync(join(work, 'app.enc.yaml'), smallYamlText(0))
  await runOnce(place.kmsfile('init', '--no-guard'), repository)
  await runOnce(place.kmsfile('encrypt', '-i', '--quiet', 'app.enc.yaml'), repository)
  git('add', '.')
  git('commit', '--quiet', '--no-verify', '-m', 'revision 0')
  for (let i = 1; i < revisions; i++) {
    writeFileSync(join(work, 'value.json'), `"value ${i}"`)
    await runOnce(place.kmsfile('set', '--value-file', 'app.enc.yaml', 'changing', 'value.json'), repository)
    git('-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '-m', `revision ${i}`, 'app.enc.yaml')
  }
  const log = (...config) => ({ file: 'git', args: ['--no-pager', ...config, 'log', '-p'] })
  const textconv = (command) => log('-c', `diff.kmsfile.textconv=${command}`)
  copyFileSync(join(work, '.gitattributes'), join(work, '.git/info/attributes'))
  const commands = {
    kmsfile: place.kmsfile('git', 'log', '-p'),
    textconv: textconv(`"${process.execPath}" "${place.bin}" git textconv`),
    sops: place.sopsFile && textconv(`"${place.sopsFile}" decrypt --input-type yaml --output-type yaml`),
  }
  for (const command of Object.values(commands)) if (command !== undefined) await runOnce(command, repository)
  const samples = await takeTurns(commands, repository, { rounds: quick ? 1 : 3, budgetMs: 60_000 })
  const beside = [
    ['textconv', 'kmsfile as textconv'],
    ['sops', 'sops as textconv'],
  ]
  for (const [name, label] of beside) {
    if (samples[name] === undefined) continue
    report.row({
      name: `log -p over ${revisions} revisions`,
      ours: medians(samples.kmsfile),
      theirs: medians(samples[name]),
      label,
      ratio: compare(samples.kmsfile, samples[name]),
      targets: [],
    })
  }
  report.figure({
    name: `kmsfile git log -p over ${revisions} revisions`,
    value: medians(samples.kmsfile).wallMs,
    unit: 'ms',
    targets: quick ? [] : [{ of: 'value', atMost: 400 }],
  })
}
