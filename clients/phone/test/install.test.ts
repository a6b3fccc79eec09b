/** What install.sh says and asks before it changes anything, and how it speaks to a bus that demands signatures. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Pretended, scripts } from '../../../ops/test/termux/pretended.ts'
import { root } from '../../../service/test/support/root.ts'
import { FOREIGN, portalBefore, TOO_LARGE } from '../../shell/test/portal.ts'
import { listening, WorkedBus } from '../../shell/test/shell-worker.ts'

const clients = join(root, 'clients')
const INSTALL = `bash ${clients}/phone/install.sh`

test('a dry run says what would be done, asks for nothing, and does nothing', () => {
  const phone = new Pretended()
  phone.command('pkg', 'echo "$*" >> "$HOME/installed"')
  const { code, out, err } = phone.run(
    `${INSTALL} --dry-run --allow sms --wake-lock no --name kitchen < /dev/null`,
  )
  expect({ code, err }).toEqual({ code: 0, err: '' })
  for (const said of [
    'and nothing is now',
    /packages +(?:\S+ )*termux-services termux-api/,
    /bus +asked for; its key is asked for\n/,
    /worker +kitchen, for the namespace phone, in .*intent-bus-worker\n/,
    /allowed +sms; messages to nobody\n/,
    /at boot +\S*\.termux\/boot\/intent-bus-worker\n/,
  ]) {
    expect(out).toMatch(said)
  }
  const known = phone.run(`${INSTALL} --dry-run --url http://bus:8080`, {
    BUS_API_KEY: 'tk_x',
    BUS_SIGN: 'true',
  })
  expect(known.out).toMatch(/bus +http:\/\/bus:8080; its key is there, and signs\n/)
  expect(known.out).toMatch(/at boot .*, and a wake lock\n/)
  expect(known.out).not.toContain('tk_x')
  expect(readdirSync(phone.home)).toEqual([])
})

test('a dry run takes no nonsense either', () => {
  const phone = new Pretended()
  expect(phone.run(`${INSTALL} --dry-run --allow smss`)).toMatchObject({ code: 2, out: '' })
  expect(phone.run(`${INSTALL} --dry-run`, { BUS_SIGN: 'maybe' })).toMatchObject({
    code: 2,
    err: expect.stringContaining("BUS_SIGN is 'maybe'; it takes true or false"),
  })
  // It would have left what was allowed before as it was.
  expect(phone.run(`${INSTALL} --dry-run --allow ''`)).toMatchObject({
    code: 2,
    err: expect.stringContaining('--allow is empty: give it a value, or leave it out'),
  })
  expect(phone.run(`${INSTALL} --dry-run --url bus`)).toMatchObject({
    code: 2,
    err: expect.stringContaining("the URL is 'bus'"),
  })
})

test('a dry run of the uninstall names what is there, and takes nothing away', () => {
  const phone = new Pretended()
  phone.write('intent-bus-worker/key', 'k')
  phone.write('intent-bus-worker/photos/one.jpg', '')
  const { code, out } = phone.run(`${INSTALL} --uninstall --dry-run`)
  expect(code).toBe(0)
  expect(out).toBe(`This would be taken away, and nothing is now:\n  ${phone.home}/intent-bus-worker/key\n`)
  expect(existsSync(join(phone.home, 'intent-bus-worker/key'))).toBe(true)
})

test('a bus that demands signatures is found to be one by signed requests, and by no others', async () => {
  const bus = await WorkedBus.start({ BUS_REQUIRE_SIGNATURES: 'true' })
  onTestFinished(() => bus.remove())
  const phone = new Pretended()
  const { BUS_URL, BUS_API_KEY } = bus.environment
  const check = (sign: string, key = BUS_API_KEY) =>
    phone.run(
      `set -euo pipefail; url=${BUS_URL} key=${key} sign=${sign} shell=${clients}/shell
       . ${scripts}/shared/say.sh; . ${clients}/phone/lib/first-notification.sh; check_bus; echo found
       bus /intent '{"goal":"notify","payload":"ü"}'; echo "$status"; bus "/result/$(member id)?wait=0"; echo "$status"`,
    )
  expect(check('true')).toEqual({ code: 0, out: 'found\n201\n200\n', err: '' })
  expect(check('false').err).toMatch(
    /the bus refuses: Missing signature headers.*\n.*BUS_SIGN=true before the command/,
  )
  expect(check('true', 'tk_wrong').err).toContain('the bus does not know this key.')
})

test.each([...FOREIGN, TOO_LARGE])(
  'what is not the bus is tried for half a minute, and named: $status',
  async foreign => {
    const bus = await WorkedBus.start()
    onTestFinished(() => bus.remove())
    const portal = await portalBefore(bus)
    const phone = new Pretended()
    phone.command('sleep', 'echo "$1" >> "$HOME/slept"')
    const check = () =>
      phone.runBeside(
        `set -euo pipefail; url=${portal.url} key=${bus.environment['BUS_API_KEY']} sign=false shell=${clients}/shell
       . ${scripts}/shared/say.sh; . ${clients}/phone/lib/first-notification.sh; check_bus; echo found`,
      )
    portal.answers['status'] = Array(5).fill(foreign)
    const { code, err } = await check()
    expect(code).toBe(1)
    expect(err).toContain(`something other than an Intent Bus answers at ${portal.url}: ${foreign.status}`)
    expect(readFileSync(join(phone.home, 'slept'), 'utf8')).toBe('2\n4\n8\n16\n')
    portal.answers['status'] = [foreign]
    expect(await check()).toMatchObject({ code: 0, out: 'found\n' })
  },
)

test('another server on the port of the bus is not taken for a bus that is ready', async () => {
  const other = await listening((_, response) => response.end('{"ok":true}'))
  const bus = await WorkedBus.start()
  onTestFinished(() => bus.remove())
  const phone = new Pretended()
  const ready = (url: string) =>
    phone.runBeside(`. ${scripts}/lib/ready.sh; ready_at ${url} && echo ready || echo not`)
  expect((await ready(other)).out).toBe('not\n')
  expect((await ready(bus.environment['BUS_URL']!)).out).toBe('ready\n')
})
