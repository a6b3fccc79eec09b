/**
 * Makes the secrets of the compose file that are missing, each in the volume of those who read it. What it is called with
 * is made anew: `docker compose run --rm secrets admin-secret`. What follows `show` is printed: the image has no `cat`.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Only the bus runs as the user whose files they are; the others are let in by the volume, not by the mode. */
const [OURS, SHARED] = [0o400, 0o444]
const SECRETS = {
  'bus-secret': ['/secrets/bus/bus-secret', OURS],
  'admin-secret': ['/secrets/bus/admin-secret', OURS],
  'dashboard-password': ['/secrets/bus/dashboard-password', OURS],
  'metrics-token': ['/secrets/metrics/bus-metrics-token', SHARED],
  'grafana-password': ['/secrets/grafana/admin-password', SHARED],
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

/** Ends with one line that says what to do. */
function fail(verb, file, error) {
  const folder = dirname(file)
  const missing = error.code === 'ENOENT' && existsSync(folder)
  const advice = missing ? 'It is made by: docker compose run --rm secrets' : whoseIs(folder)
  process.stderr.write(`${file} cannot be ${verb}: ${error.code ?? error.message}. ${advice}\n`)
  process.exit(1)
}

function whoseIs(folder) {
  const [we, owner] = [process.getuid(), existsSync(folder) ? statSync(folder).uid : undefined]
  if (owner === undefined) return `There is no ${folder}.`
  if (owner === we)
    return `${folder} belongs to user ${we}, who runs this: is it read-only, or its disk full?`
  return `${folder} belongs to user ${owner}, and user ${we} runs this. On the host: sudo chown -R ${we}:${we} DIRECTORY`
}

if (isShown) {
  for (const name of named) {
    const [file] = SECRETS[name]
    try {
      process.stdout.write(readFileSync(file))
    } catch (error) {
      fail('read', file, error)
    }
  }
  process.exit()
}

for (const [name, [file, mode]] of Object.entries(SECRETS)) {
  if (existsSync(file) && !named.includes(name)) continue
  // 192 bits. Never half a file, and never a moment in which others could read it.
  const written = `${file}.new`
  try {
    rmSync(written, { force: true })
    writeFileSync(written, `${randomBytes(24).toString('base64url')}\n`, { mode, flag: 'wx' })
    renameSync(written, file)
  } catch (error) {
    fail('written', file, error)
  }
  process.stdout.write(`made ${basename(file)}\n`)
}
if (named.some(name => name !== 'grafana-password')) {
  process.stdout.write('The bus reads it at its next start: docker compose restart bus\n')
}
if (named.includes('grafana-password')) {
  process.stdout.write(
    'Grafana has read the old one at its first start, and keeps it: docker compose exec grafana grafana cli admin reset-admin-password NEW\n',
  )
}
