/**
 * Makes the secrets of the compose file that are missing, each in the volume of those who read it. What it is called with
 * is made anew: `docker compose run --rm secrets admin-secret`. What follows `show` is printed: the image has no `cat`.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'

/** Only the bus runs as the user whose files they are; the others are let in by the volume, not by the mode. */
const [OURS, SHARED] = [0o400, 0o444]
const SECRETS = {
  'bus-secret': ['/secrets/bus/bus-secret', OURS],
  'admin-secret': ['/secrets/bus/admin-secret', OURS],
  'dashboard-password': ['/secrets/bus/dashboard-password', OURS],
  'metrics-token': ['/secrets/metrics/bus-metrics-token', SHARED],
  'grafana-password': ['/secrets/grafana/admin-password', SHARED],
  'postgres-password': ['/secrets/postgres/password', SHARED],
}

const isShown = process.argv[2] === 'show'
const named = process.argv.slice(isShown ? 3 : 2)
const unknown = named.find(name => !(name in SECRETS))
if (unknown !== undefined || (isShown && named.length === 0)) {
  const wrong =
    unknown === undefined ? 'show takes the name of a secret.' : `There is no secret "${unknown}".`
  process.stderr.write(`${wrong} There are: ${Object.keys(SECRETS).join(', ')}\n`)
  process.exit(2)
}

if (isShown) {
  for (const name of named) process.stdout.write(readFileSync(SECRETS[name][0]))
  process.exit()
}

for (const [name, [file, mode]] of Object.entries(SECRETS)) {
  if (existsSync(file) && !named.includes(name)) continue
  // 192 bits. Never half a file, and never a moment in which others could read it.
  const written = `${file}.new`
  writeFileSync(written, `${randomBytes(24).toString('base64url')}\n`, { mode })
  renameSync(written, file)
  process.stdout.write(`made ${basename(file)}\n`)
}
