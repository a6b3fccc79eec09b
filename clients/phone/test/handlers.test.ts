/** What the handlers ask of a phone, and which payloads they refuse. The commands of Termux:API are stand-ins here. */
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { folder, listening, WorkedBus } from '../../shell/test/shell-worker.ts'
import { shellNamed } from '../../shell/test/shells.ts'
import { type Answers, attempted, handled, photosIn, workOnce } from './handled.ts'

const { command, missing, name } = shellNamed('sh', ['sh'])

describe.skipIf(missing !== null)(`the handlers of a phone in ${name}`, () => {
  let bus: WorkedBus
  beforeAll(async () => {
    bus = await WorkedBus.start()
  })
  afterAll(() => bus.remove())

  const on = (goal: string, payload: string, answers: Answers, env: Record<string, string> = {}) =>
    handled(bus, command, goal, payload, answers, {
      PHONE_ALLOW: 'sms,photo,sensor,location clipboard',
      ...env,
    })

  describe('notify', () => {
    const notify = (payload: string) => on('notify', payload, { 'termux-notification': '' })

    test('shows the title and the text, under the id of the intent', async () => {
      const { id, status, asked } = await notify(
        '{"title":"Door","text":"Somebody is at the \\"door\\"\\n$(id) 😀"}',
      )
      expect(status).toBe('fulfilled')
      expect(asked.map(({ args }) => args)).toEqual([
        [
          ...['--id', id, '--title', 'Door', '--content', 'Somebody is at the "door"\n$(id) 😀'],
          ...['--priority', 'default'],
        ],
      ])
    })

    test.each(['{"text":"--help","title":null}', '"--help"'])(
      'takes the text for the title when there is none: %s',
      async payload => {
        const { args } = (await notify(payload)).asked[0]!
        expect(args.slice(2, 6)).toEqual(['--title', '--help', '--content', '--help'])
      },
    )

    test('passes a group, a priority and a sound on, and nothing that would be a command', async () => {
      const { asked } = await notify(
        '{"title":"a","group":"g","priority":"high","sound":true,"action":"rm -rf /","button1":"x"}',
      )
      expect(asked[0]!.args.slice(6)).toEqual(['--priority', 'high', '--group', 'g', '--sound'])
    })
  })

  test('speak says a text, which is never an option', async () => {
    const payload = '{"text":"-e $(id) `id` *","language":"en-GB","rate":85,"pitch":105,"stream":"ALARM"}'
    const { status, asked } = await on('speak', payload, { 'termux-tts-speak': '' })
    expect(status).toBe('fulfilled')
    expect(asked).toEqual([
      {
        command: 'termux-tts-speak',
        args: ['-r', '0.85', '-p', '1.05', '-s', 'ALARM', '-l', 'en', '-n', 'GB'],
        input: '-e $(id) `id` *',
      },
    ])
  })

  test('vibrate takes as long as it is told, and a second otherwise', async () => {
    const short = await on('vibrate', '{"ms":40,"force":true}', { 'termux-vibrate': '' })
    expect(short.asked).toEqual([{ command: 'termux-vibrate', args: ['-d', '40', '-f'], input: '' }])
    expect((await on('vibrate', 'null', { 'termux-vibrate': '' })).asked[0]!.args).toEqual(['-d', '1000'])
  })

  test('torch goes off by itself when it is told how long', async () => {
    const torch = async (payload: string) =>
      (await on('torch', payload, { 'termux-torch': '' })).asked.map(({ args }) => args[0])
    expect(await torch('{"on":true}')).toEqual(['on'])
    expect(await torch('{"on":false}')).toEqual(['off'])
    expect(await torch('{"on":true,"seconds":1}')).toEqual(['on', 'off'])
  })

  test.each([
    ['battery', 'null', 'termux-battery-status', '{"percentage": 81}', []],
    [
      'sensor',
      '{"name":"light"}',
      'termux-sensor',
      '{"LIGHT": {"values": [3.5]}}',
      ['-s', 'light', '-n', '1'],
    ],
    ['sensor', 'null', 'termux-sensor', '{"sensors": ["LIGHT"]}', ['-l']],
    ['location', '{}', 'termux-location', '{"latitude": 1.50}', ['-p', 'gps', '-r', 'once']],
    [
      ...(['location', '{"provider":"network","request":"last"}', 'termux-location'] as const),
      ...(['{"latitude": 2}', ['-p', 'network', '-r', 'last']] as const),
    ],
  ])('%s with %s has what %s answers for a result', async (goal, payload, command, answer, args) => {
    const { status, result, asked } = await on(goal, payload, { [command]: `echo '${answer}'` })
    expect(status).toBe('fulfilled')
    expect(result).toEqual(JSON.parse(answer))
    expect(asked).toEqual([{ command, args, input: '' }])
  })

  test('clipboard puts a text there, byte for byte, and reads what lies there', async () => {
    const phone = { 'termux-clipboard-set': '', 'termux-clipboard-get': `printf 'a "b"\\n\\tcé'` }
    const put = await on('clipboard', '{"text":"-n $(id)\\n"}', phone)
    expect(put.status).toBe('fulfilled')
    expect(put.asked).toEqual([{ command: 'termux-clipboard-set', args: [], input: '-n $(id)' }])
    expect((await on('clipboard', 'null', phone)).result).toBe('a "b"\n\tcé')
  })

  describe('sms', () => {
    const phone = { 'termux-sms-send': '' }

    test('goes to a number that its owner has named, and to no other', async () => {
      const payload = '{"to":"+491701","text":"-s 1; $(id)"}'
      const { asked, status } = await on('sms', payload, phone, { PHONE_SMS_TO: '112, +491701' })
      expect(status).toBe('fulfilled')
      expect(asked).toEqual([{ command: 'termux-sms-send', args: ['-n', '+491701'], input: '-s 1; $(id)' }])
      for (const [PHONE_SMS_TO, to] of [
        ['', '+491701'],
        ['+4917011', '+491701'],
        ['any', '+491701,+492'],
        ['any', '1 --ei slot 2'],
      ]) {
        const refused = await on('sms', `{"to":"${to}","text":"a"}`, phone, { PHONE_SMS_TO: PHONE_SMS_TO! })
        expect(refused).toMatchObject({ status: 'dead', asked: [] })
      }
    })

    const payload = '{"to":"1","text":"a"}'

    /** A job that was done, or not, and comes once more. @returns both, and what stands in the list in the end */
    async function twice(first: Answers, second: Answers = phone) {
      const PHONE_HOME = folder()
      const env = { PHONE_SMS_TO: 'any', PHONE_HOME, PHONE_ALLOW: 'sms' }
      const before = await on('sms', payload, first, env)
      await bus.retry(before.id)
      const { asked } = await workOnce(bus, command, second, env)
      const after = { ...(await bus.result(before.id)), asked }
      return { before, after, listed: readFileSync(join(PHONE_HOME, 'sms-sent'), 'utf8') }
    }

    test('goes once, though the job comes twice', async () => {
      const { before, after, listed } = await twice(phone)
      expect(before.asked).toHaveLength(1)
      expect(after).toMatchObject({ status: 'fulfilled', asked: [] })
      expect(listed).toBe(`${before.id}\n`)
    })

    test('is written down before it goes', async () => {
      const list = { 'termux-sms-send': 'cp "$PHONE_HOME/sms-sent" "$PHONE_HOME/as-it-was"' }
      const { id, home } = await on('sms', payload, list, { PHONE_SMS_TO: 'any' })
      expect(readFileSync(join(home, 'as-it-was'), 'utf8')).toBe(`${id} begun\n`)
    })

    test.each([
      ['the phone says no', 'exit 3'],
      ['Android does not allow it', `echo '{"error": "Please grant the following permission"}'`],
    ])('that did not go, since %s, goes when the job comes again', async (_, answer) => {
      const { before, after, listed } = await twice({ 'termux-sms-send': answer })
      expect(before.status).toBe('dead')
      expect(before.error).not.toContain('may have been sent')
      expect(after).toMatchObject({ status: 'fulfilled', asked: [{ command: 'termux-sms-send' }] })
      expect(listed).toBe(`${before.id}\n`)
    })

    test.each([
      ['did not answer', 'exit 124'],
      ['did not answer, and was ended as busybox does it', 'exit 143'],
      ['was ended by another signal', 'exit 129'],
    ])('that may have gone, since the command %s, does not go again, and its job says so', async (_, end) => {
      const { before, after } = await twice({ timeout: end, ...phone })
      expect(before.status).toBe('dead')
      expect(before.error).toMatch(/^The message may have been sent\. It is not sent again\.\s*$/m)
      expect(after).toMatchObject({ status: 'dead', asked: [] })
      expect(after.error).toContain('An earlier attempt may have sent this message.')
    })

    test('does not go again when its handler was killed in the midst of it', async () => {
      // The group that this stand-in kills is the handler's.
      const { before, after } = await twice({ timeout: 'kill -s KILL 0', ...phone })
      expect(before.status).toBe('dead')
      expect(after).toMatchObject({ status: 'dead', asked: [] })
      expect(after.error).toContain('It is not sent again')
    })

    test('does not go when that cannot be written down', async () => {
      const PHONE_HOME = folder()
      // Where the list would be written: no user, not even root, can write there.
      mkdirSync(join(PHONE_HOME, 'sms-sent.new'))
      const { status, error, asked } = await on('sms', payload, phone, { PHONE_SMS_TO: 'any', PHONE_HOME })
      expect({ status, asked }).toEqual({ status: 'dead', asked: [] })
      expect(error).toContain(`The message was not sent: ${PHONE_HOME}/sms-sent cannot be written.`)
    })

    test('that went is a job done, though nothing more can be written down', async () => {
      const full = { 'termux-sms-send': 'mkdir "$PHONE_HOME/sms-sent.new"' }
      const { before, after, listed } = await twice(full)
      expect(before.status).toBe('fulfilled')
      expect(after).toMatchObject({ status: 'dead', asked: [] })
      expect(listed).toBe(`${before.id} begun\n`)
    })

    test('is remembered among the newest thousand', async () => {
      const PHONE_HOME = folder()
      const older = Array.from({ length: 1000 }, (_, n) => `${n}`.padStart(32, '0'))
      writeFileSync(join(PHONE_HOME, 'sms-sent'), `${older.join('\n')}\n`)
      const { id } = await on('sms', payload, phone, { PHONE_SMS_TO: 'any', PHONE_HOME })
      const listed = readFileSync(join(PHONE_HOME, 'sms-sent'), 'utf8')
      expect(listed).toBe(`${[...older.slice(1), id].join('\n')}\n`)
    })
  })

  describe('photo', () => {
    const camera = { 'termux-camera-photo': 'printf jpeg > "$3"' }

    test('stays on the phone, in a file with the name of the intent', async () => {
      const { id, result, asked, home } = await on('photo', '{"camera":1}', camera)
      const file = join(home, 'photos', `${id}.jpg`)
      expect(result).toEqual({ file, bytes: 4 })
      expect(asked[0]!.args).toEqual(['-c', '1', file])
      expect(readFileSync(file, 'utf8')).toBe('jpeg')
    })

    test('is sent where its owner wants it, and not kept', async () => {
      const seen: { method?: string; path?: string; body: string } = { body: '' }
      const url = await listening(async (request, response) => {
        seen.method = request.method!
        seen.path = request.url!
        request.on('data', chunk => {
          seen.body += chunk
        })
        await once(request, 'end')
        response.writeHead(201).end()
      })
      const env = { PHONE_PHOTO_URL: `${url}/in/` }
      const { id, result, home } = await on('photo', '{"url":"http://elsewhere.example/"}', camera, env)
      expect(result).toEqual({ url: `${url}/in/${id}.jpg`, bytes: 4 })
      expect(seen).toEqual({ method: 'PUT', path: `/in/${id}.jpg`, body: 'jpeg' })
      expect(photosIn(home)).toEqual([])
    })

    test('that is empty is none', async () => {
      const { status, error, home } = await on('photo', '{}', { 'termux-camera-photo': ': > "$3"' })
      expect(status).toBe('dead')
      expect(error).toContain('There is no photo. May Termux:API use the camera, and is there a camera 0?')
      expect(photosIn(home)).toEqual([])
    })
  })

  test.each([
    ['notify', '{"titel":"a"}', 'The payload has neither a title nor a text.'],
    ['notify', '[1]', 'The payload is no object.'],
    ['notify', '{"title":{"a":"b"}}', 'title is no text.'],
    ['notify', '{"title":"a","sound":"yes"}', 'sound is "yes"; it takes true or false.'],
    [
      ...(['notify', '{"title":"a","priority":"loud"}'] as const),
      "The priority is 'loud'; it takes default, min, low, high or max.",
    ],
    ['speak', '{}', 'The payload has no text.'],
    [
      'speak',
      '{"text":"a","language":"de -s X"}',
      "The language is 'de -s X'; it takes one like de or en-GB.",
    ],
    ['speak', '{"text":"a","rate":5}', 'rate is 5; it takes a whole number from 10 to 400.'],
    ['vibrate', '{"ms":"1; id"}', 'ms is "1; id"; it takes a whole number from 1 to 10000.'],
    ['vibrate', '{"ms":1e3}', 'ms is 1e3; it takes a whole number from 1 to 10000.'],
    ['vibrate', '{"ms":99999999999999999999}', 'ms is 99999999999999999999; it takes'],
    ['torch', '{}', 'The payload does not say "on": true or false.'],
    ['sms', '{"text":"a"}', "The number is ''; it takes digits, and a + before them."],
    [
      'photo',
      '{"camera":"0 --es file x"}',
      'camera is "0 --es file x"; it takes a whole number from 0 to 9.',
    ],
    ['sensor', '{"name":"a,b"}', "The name is 'a,b'; it takes letters"],
    [
      'location',
      '{"provider":"gps --es x"}',
      "The provider is 'gps --es x'; it takes gps, network or passive.",
    ],
    ['clipboard', '{"text":5}', 'text is no text.'],
    ['reboot', '{}', "This phone does not do 'reboot'; it does: "],
    ['../worker', '{}', "This phone does not do '../worker'; it does: "],
    ['notify speak', '{}', "This phone does not do 'notify speak'; it does: "],
  ])('%s with %s fails, and says: %s', (goal, payload, reason) => {
    const { code, said, asked } = attempted(command, goal, payload)
    expect({ code, asked }).toEqual({ code: 1, asked: [] })
    expect(said.startsWith(reason), said).toBe(true)
  })

  test('a message of more than 1000 bytes fails: each part of it is paid for', () => {
    const payload = (text: string) => JSON.stringify({ to: '1', text })
    expect(attempted(command, 'sms', payload('é'.repeat(500))).code).toBe(0)
    const { code, said, asked } = attempted(command, 'sms', payload('é'.repeat(501)))
    expect({ code, asked }).toEqual({ code: 1, asked: [] })
    expect(said).toContain('The text has 1002 bytes; a message takes 1000')
  })

  test('a refused payload is a failed attempt, with that reason', async () => {
    const { status, error, asked } = await on('notify', '{"titel":"a"}', { 'termux-notification': '' })
    expect({ status, asked }).toEqual({ status: 'dead', asked: [] })
    expect(error).toBe('The payload has neither a title nor a text.')
  })

  test.each([
    [
      '{"error": "Please grant android.permission.X"}',
      'termux-battery-status: Please grant android.permission.X',
    ],
    ['{"API_ERROR": "Failed"}', 'termux-battery-status: Failed'],
    ['nothing', 'termux-battery-status answered no JSON: nothing'],
  ])('what the phone answers with %s is a failure', async (answer, reason) => {
    const { status, error } = await on('battery', 'null', { 'termux-battery-status': `echo '${answer}'` })
    expect(status).toBe('dead')
    expect(error).toContain(reason)
  })

  test('a command that fails is a failure, with what it said', async () => {
    const { status, error } = await on('torch', '{"on":true}', {
      'termux-torch': 'echo "no torch"; echo "here either" >&2; exit 3',
    })
    expect(status).toBe('dead')
    expect(error).toMatch(/^here either\ntermux-torch failed: no torch\s*$/)
  })

  test('a phone without the app, where commands wait for ever, is named as such', async () => {
    // The stand-in for `timeout` is over at once.
    const { status, error } = await on('notify', '"a"', { 'termux-notification': '', timeout: 'exit 124' })
    expect(status).toBe('dead')
    expect(error).toContain('termux-notification did not answer within 30 s. Is the app Termux:API installed')
  })
})
