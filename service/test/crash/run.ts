/** `node service/test/crash/run.ts [--kills 100] [--seed N]`: kills the bus again and again under load, and reports. */
import { parseArgs } from 'node:util'
import { crash } from './crash.ts'

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '100' }, seed: { type: 'string' } },
})
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
console.log(`seed ${seed}`)

const report = await crash(Number(values.kills), seed, line => console.log(line))
const { restartsMs, faults } = report
const median = restartsMs[restartsMs.length >> 1]!
console.log(`\n${report.kills} kills, ${report.requests} requests, ${report.unknown} of them cut off`)
console.log('seen    ', report.counts)
console.log('intents ', report.intents)
console.log(`restart to ready: median ${median.toFixed(0)} ms, longest ${restartsMs.at(-1)!.toFixed(0)} ms`)
if (faults.length === 0) console.log('every promise was kept')
else {
  console.error(`${faults.length} faults:\n${faults.slice(0, 50).join('\n')}`)
  process.exitCode = 1
}
