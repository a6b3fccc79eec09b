/** What the set-up looks at, of a bus with settings of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ADMIN_SECRET, busOn, MASTER_KEY } from '../../../service/test/support/bus-process.ts'
import { freePort } from '../../../service/test/support/ports.ts'
import { root } from '../../../service/test/support/root.ts'
import { Pretended, scripts } from './pretended.ts'

async function looked(settings: Record<string, string>, look: string) {
  const phone = new Pretended()
  const [port, folder] = [await freePort(), mkdtempSync(join(tmpdir(), 'looked-'))]
  const bus = busOn({ database: join(folder, 'bus.db'), port, env: settings })
  onTestFinished(async () => {
    await bus.stop()
    rmSync(folder, { recursive: true })
  })
  await bus.serving()
  const all = { PORT: `${port}`, BUS_SECRET: MASTER_KEY, BUS_ADMIN_SECRET: ADMIN_SECRET, ...settings }
  phone.write('intent-bus/data/secrets.env', '')
  phone.write(
    'intent-bus/settings.env',
    Object.entries(all)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )
  writeFileSync(
    join(phone.home, 'look.sh'),
    `set -euo pipefail
bus_home=$HOME/intent-bus release=${root} port= local_only=
for name in shared/say lib/settings lib/look; do . "${scripts}/$name.sh"; done
${look}`,
  )
  return phone.runBeside('bash look.sh')
}

test('a bus at work is looked at, and gets no job', async () => {
  expect(await looked({}, 'look_only')).toEqual({
    code: 0,
    out: expect.stringMatching(/^Smoke suite: 5 well, 0 not, 4 not looked at\n$/),
    err: '',
  })
})

test('of one that demands signatures all is well that takes none', async () => {
  for (const look of ['look_only', 'look_at_all']) {
    expect(await looked({ BUS_REQUIRE_SIGNATURES: 'TRUE' }, look)).toEqual({
      code: 0,
      out: 'Smoke suite: 4 well, 0 not, 5 not looked at\n',
      err: '',
    })
  }
})

test('one that is in maintenance is not blamed for it', async () => {
  expect(await looked({ BUS_MAINTENANCE_MODE: 'true' }, 'look_only')).toEqual({
    code: 0,
    out: 'Smoke suite: not run, since the bus is in maintenance\n',
    err: '',
  })
})
