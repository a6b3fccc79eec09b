import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CLONE } from '../clone.ts'
import { Failure } from '../failure.ts'
import { COMMAND } from '../invocation.ts'
import type { Program } from '../program.ts'

/** Its options are those of the harness, which reads them itself: `--profile` is one of load there, not one of a bus. */
export function addStress(program: Program): void {
  program
    .command('stress')
    .summary('find out how much load a bus bears, and whether it keeps its promises')
    .description(`Idempotency, attempts and load, with a report. Its options: ${COMMAND} stress --help`)
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async () => {
      const harness = CLONE === null ? null : join(CLONE, 'ops/acceptance/stress/run.ts')
      if (harness === null || !existsSync(harness)) {
        throw new Failure('stress needs a clone of the repository, in which the harness is.')
      }
      const argv = process.argv.slice(2)
      const { main } = (await import(harness)) as {
        main(argv: readonly string[]): Promise<number>
      }
      process.exitCode = await main(argv.slice(argv.indexOf('stress') + 1))
    })
}
