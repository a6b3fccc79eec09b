#!/usr/bin/env node
// Plain JavaScript, so that an old Node can read it and find a newer one, or say that it is too old.
import { withSuitableNode } from '../service/suitable-node.js'

const USAGE = `usage: node ops/salvage-log.js DATABASE NEW_DATABASE

Copy a database whose write-ahead log is damaged, with all that can be read in the log. DATABASE is left as it is.
Exits with code 1 if nothing could be copied, and with 3 if the copy is damaged too.
`

withSuitableNode(import.meta.url, 2, async () => {
  const [source, target, ...more] = process.argv.slice(2)
  if (source === undefined || source === '--help' || target === undefined || more.length > 0) {
    process[source === '--help' ? 'stdout' : 'stderr'].write(USAGE)
    process.exit(source === '--help' ? 0 : 2)
  }
  process.umask(0o077)
  const { salvageLog } = await import('../service/store/sqlite/log/salvage.ts')
  try {
    const { commits, repaired, superseded, lost, check } = salvageLog(source, target)
    process.stdout.write(
      `${target}: ${commits} commits saved that the bus would not have read.\n` +
        `Damaged pages: ${repaired} repaired, ${superseded} replaced by a newer version, ${lost} lost.\n` +
        `Check: ${check}\n`,
    )
    if (check !== 'ok') process.exitCode = 3
  } catch (error) {
    process.stderr.write(`salvage-log: ${error.message}\n`)
    process.exitCode = 1
  }
})
