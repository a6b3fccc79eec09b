/** `npm run drill [-- --seconds 5] [-- --seed N]`: proves that what a backup holds can be had back. */
import { parseArgs } from 'node:util'
import { endWithoutStalledReaders, eventLines } from '../../../clients/cli/src/lines.ts'
import { drill } from './drill.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, seed: { type: 'string' } },
})
const seconds = Number(values.seconds)
if (!(seconds >= 1 && seconds <= 3600)) {
  console.error(
    `--seconds is ${values.seconds}: it takes 1 to 3600, the time of load before the backup, and after it.`,
  )
  process.exit(2)
}
const seed = Number(values.seed ?? Date.now() % 2 ** 31)

const { proved, faults } = await drill(seconds * 1000, seed, line => eventLines().write(`- ${line}\n`))
if (faults.length === 0) {
  const width = Math.max(...proved.map(([what]) => what.length))
  console.log(`\n${proved.map(([what, how]) => `${what.padEnd(width)}  ${how}`).join('\n')}\n`)
  console.log('What was acknowledged before the backup is there, and works.')
} else {
  console.error(`${faults.length} faults (seed ${seed}):\n${faults.slice(0, 50).join('\n')}`)
  process.exitCode = 1
}
await endWithoutStalledReaders()
