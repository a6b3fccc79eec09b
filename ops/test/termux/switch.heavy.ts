/** The switch from one release to another, killed at every step: it always finds its way to one that runs, and its database. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { Pretended, scripts } from './pretended.ts'

/**
 * set-up.sh as far as it switches, with a bus of a few lines: `good` becomes ready, `bad` and `worse` do not. Each writes a
 * database where there is none; those that are newer keep a copy of an older one before they change its form.
 */
const SET_UP = `
set -euo pipefail
bus_home=$HOME/intent-bus release=$HOME/intent-bus/releases/$1
service=$HOME/service logs=$HOME/logs data=$HOME/intent-bus/data
. "$TERMUX/shared/say.sh"
. "$TERMUX/lib/switch.sh"
database() { echo "$HOME/intent-bus/data/bus.db"; }
install_service() { mkdir -p "$service"; }
start_bus() {
  rm -f "$service/down"
  supervisor
}
supervisor() {
  [ ! -e "$service/down" ] && [ ! -e "$bus_home/.going-back" ] || return 0
  [ -f "$data/bus.db" ] || echo 'made anew' > "$data/bus.db"
  case $(readlink "$bus_home/current") in
    */good) ;;
    *)
      [ -n "\${starts_nowhere:-}" ] || ! grep -q '^old form' "$data/bus.db" || {
        cp "$data/bus.db" "$data/bus.db.v1.bak.tmp"
        mv "$data/bus.db.v1.bak.tmp" "$data/bus.db.v1.bak"
        echo 'new form' > "$data/bus.db"
        echo 'new form' > "$data/bus.db-wal"
      }
      ;;
  esac
}
stop_bus() { :; }
wait_serves() { case $(readlink "$bus_home/current") in */good | */better) ;; *) return 1 ;; esac; }
not_ready() { fail 'not ready' ''; }
if [ "$1" = supervisor ]; then
  supervisor
  exit
fi
steps=0
set -T
[ -z "\${killed_at:-}" ] || trap 'steps=$((steps + 1)); [ "$steps" -ne "$killed_at" ] || kill -9 $$' DEBUG
end_switch
previous=$(current_release)
[ "$previous" = "$release" ] || switch_over
`

class Switched extends Pretended {
  constructor() {
    super()
    for (const name of ['good', 'bad', 'worse', 'better']) {
      mkdirSync(join(this.bus, 'releases', name), { recursive: true })
    }
    this.write('set-up.sh', SET_UP)
    this.write('logs/current', 'the last words\n')
  }

  /** As it is before an upgrade. */
  begin(): void {
    rmSync(join(this.bus, 'data'), { recursive: true, force: true })
    for (const left of ['.switching', '.going-back']) rmSync(join(this.bus, left), { force: true })
    this.write('intent-bus/data/bus.db', 'old form\n')
    spawnSync('ln', ['-sfn', join(this.bus, 'releases/good'), join(this.bus, 'current')])
  }

  setUp(name: string, env: NodeJS.ProcessEnv = {}) {
    return this.run(`bash set-up.sh ${name}`, { TERMUX: scripts, ...env })
  }

  get database(): string | null {
    return existsSync(join(this.bus, 'data/bus.db')) ? this.read('intent-bus/data/bus.db').trim() : null
  }

  get state() {
    return {
      current: basename(readlinkSync(join(this.bus, 'current'))),
      database: this.database,
      underWay: ['.switching', '.going-back'].filter(name => existsSync(join(this.bus, name))),
    }
  }
}

const WELL = { current: 'good', database: 'old form', underWay: [] }

test('a release that does not become ready is taken back, and its database with it', () => {
  const phone = new Switched()
  phone.begin()
  const { code, out, err } = phone.setUp('bad')
  expect(code).toBe(1)
  expect(out).toContain('bad does not become ready: back to good')
  expect(err).toContain('the last words')
  expect(err).toMatch(
    /If the new one has acknowledged anything, that is only in .*\/data\/after-upgrade-[\d-]+\.\n$/,
  )
  expect(phone.state).toEqual(WELL)
  const aside = readdirSync(join(phone.bus, 'data')).find(name => name.startsWith('after-upgrade-'))!
  expect(readdirSync(join(phone.bus, 'data', aside)).sort()).toEqual(['bus.db', 'bus.db-wal'])
})

test('one that has not touched the database leaves nothing that was acknowledged behind', () => {
  const phone = new Switched()
  phone.begin()
  const { err } = phone.setUp('bad', { starts_nowhere: 'yes' })
  expect(err).toContain('Nothing that was acknowledged is lost.')
  expect(phone.state).toEqual(WELL)
})

test.each([
  ['{"ok":true,"reasons":[],"maintenance":false}', 0],
  ['{"ok":false,"reasons":["disk_low"],"maintenance":false}', 0],
  ['{"ok":false,"reasons":["disk_low","store_unavailable"],"maintenance":false}', 1],
  ['{"ok":false,"reasons":["draining"],"maintenance":false}', 1],
  ['', 1],
])('a bus that says %j serves: %i', (said, code) => {
  const phone = new Switched()
  phone.command('curl', `echo '${said}'`)
  const parts = `bus_home=$HOME/intent-bus; . ${scripts}/lib/service.sh; here() { echo http://bus; }`
  expect(phone.run(`${parts}; wait_serves`, { BUS_READY_SECONDS: '0' })).toMatchObject({ code, err: '' })
})

test.each([
  ['the same line again', 'bad'],
  ['the line that mends', 'current'],
  ['another release that is no better', 'worse'],
])('killed at any step, and started by the supervisor, it is taken back by %s', (_, again) => {
  const phone = new Switched()
  let killed = 0
  for (let step = 1; ; step++) {
    phone.begin()
    const { code } = phone.setUp('bad', { killed_at: `${step}` })
    if (code === 1) break
    killed++
    phone.setUp('supervisor')
    expect.soft(phone.database, `started after step ${step}`).not.toBe('made anew')
    phone.setUp(again === 'current' ? phone.state.current : again)
    expect.soft(phone.state, `killed at step ${step}`).toEqual(WELL)
  }
  expect(killed).toBeGreaterThan(20)
})

test('one that was interrupted and is well is kept, and a better one follows one that is not', () => {
  const phone = new Switched()
  phone.begin()
  phone.write('intent-bus/.switching', `${join(phone.bus, 'releases/good')}\n`)
  spawnSync('ln', ['-sfn', join(phone.bus, 'releases/better'), join(phone.bus, 'current')])
  expect(phone.setUp('better')).toMatchObject({ code: 0 })
  expect(phone.state).toMatchObject({ current: 'better', underWay: [] })

  phone.begin()
  phone.write('intent-bus/.switching', `${join(phone.bus, 'releases/good')}\n`)
  spawnSync('ln', ['-sfn', join(phone.bus, 'releases/bad'), join(phone.bus, 'current')])
  const { code, out } = phone.setUp('better')
  expect(code).toBe(0)
  expect(out).toContain('bad does not become ready: back to good')
  expect(phone.state).toMatchObject({ current: 'better', underWay: [] })
})

test('the service starts nothing while the database is being put back', () => {
  const phone = new Switched()
  const written = phone.run(
    `bus_home=$HOME/intent-bus; . ${scripts}/shared/supervised.sh; . ${scripts}/lib/service.sh; install_service
     sed -i "s|^#!.*|#!/bin/sh|; s|exec .*/bash|exec echo|" "$service/run"`,
  )
  expect(written).toEqual({ code: 0, out: '', err: '' })
  const run = join(phone.prefix, 'var/service/intent-bus/run')
  expect(phone.run(run)).toMatchObject({ code: 0, out: expect.stringContaining('run.sh') })
  phone.write('intent-bus/.going-back', '')
  expect(phone.run(run)).toEqual({ code: 1, out: '', err: '' })
})
