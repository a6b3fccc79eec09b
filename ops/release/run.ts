/** `npm run release -- X.Y.Z [--everything]`: a release of what is on the branch main. CONTRIBUTING.md says how. */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { Refused, release } from './release.ts'

const HELP = `Usage: npm run release -- X.Y.Z [--everything]

Set the version everywhere, move "Unreleased" of the changelog under it, run the
checks, commit, tag the commit vX.Y.Z, and record it in releases.json.
Nothing is pushed.

  --everything  run .ci/run instead of npm test
  --help        print this`

function main(args: string[]): number {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { everything: { type: 'boolean' }, help: { type: 'boolean' } },
  })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  if (positionals.length !== 1) throw new Refused('It takes one version: npm run release -- 0.2.0')
  const version = positionals[0]!
  const check = values.everything ? ['.ci/run'] : ['npm', 'test']
  // A Ctrl-C ends the checks, and what was changed is put back.
  process.on('SIGINT', () => undefined)
  const today = new Date().toISOString().slice(0, 10)
  const commit = release(process.cwd(), version, today, () => {
    console.log(`${version}: running ${check.join(' ')}`)
    return spawnSync(check[0]!, check.slice(1), { stdio: 'inherit' }).status === 0
  })
  console.log(`Released ${version}: commit ${commit.slice(0, 12)}, tag v${version}.
Publish it: git push --follow-tags`)
  return 0
}

try {
  process.exitCode = main(process.argv.slice(2))
} catch (error) {
  const { message, stderr } = error as Error & { stderr?: string; code?: string }
  console.error(`error: ${stderr?.trim() || message}`)
  process.exitCode = 1
}
