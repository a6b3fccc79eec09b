import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { busForFile } from '@intent-bus/service/test/support/bus'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { COMMAND, emptyDir, type Running, userOf } from './support/run.ts'

const bus = await busForFile()
const { master } = bus
const user = userOf(bus.url)

beforeEach(async () => {
  await bus.admin.post('/admin/purge', { confirm: true })
})

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise(resolve => setTimeout(resolve, 5))
}

const waiting = () => until(() => bus.broker.waiting === 1)
const work = (command: string, ...more: string[]): Running =>
  user.start(['work', 'job', '--exec', command, ...more])
const once = (command: string, ...more: string[]) => work(command, '--once', ...more).ended
/** Whoever waits for work long enough to know that there is none. */
const inVain = async (...more: string[]) => {
  const worker = work('true', '--once', '--wait', '0.2', ...more)
  await waiting()
  await bus.clock.advance(1000)
  return worker.ended
}
const publish = (payload: unknown, fields: object = {}) =>
  master.publish({ goal: 'job', payload, max_attempts: 1, ...fields })
const resultOf = async (id: string) => (await master.get(`/result/${id}`)).json

describe('a command', () => {
  test('gets the payload on stdin and what there is to know in its environment; what it prints is the result', async () => {
    const id = await publish({ name: 'Ada' }, { namespace: 'home' })
    const print =
      'cat; echo "$INTENT_ID $INTENT_GOAL $INTENT_NAMESPACE $INTENT_ATTEMPT"; printf %s "$INTENT_PAYLOAD"'
    expect((await once(print, '-n', 'home')).code).toBe(0)
    expect(await resultOf(id)).toMatchObject({
      status: 'fulfilled',
      result_type: 'text',
      result: `{"name":"Ada"}\n${id} job home 1\n{"name":"Ada"}`,
    })
  })

  test('gets numbers to their last digit, and gives them back', async () => {
    const payload = '{"n":123456789012345678901234567890,"f":1.0,"t":"naïve \\"☕\\" $HOME `x`"}'
    const published = await master.post('/intent', `{"goal":"job","payload":${payload}}`)
    expect((await once('cat', '--result', 'json')).code).toBe(0)
    expect((await master.get(`/result/${published.json.id}`)).text).toContain(`"result":${payload}`)
  })

  test('behind -- is run as it is, with no shell in between', async () => {
    const id = await publish(1)
    const words = ['printf', '%s|', '$HOME', '-n', 'two words', '--once', '*']
    const { code } = await user.run(['work', 'job', '--once', '--', ...words])
    expect([code, (await resultOf(id)).result]).toEqual([0, '$HOME|-n|two words|--once|*|'])
  })

  test.each([
    ['none', [], 'work takes a command for the jobs.'],
    ['two', ['-x', 'true', '--', 'true'], 'work takes one command'],
    ['one whose options would be those of work', ['grep', '-q'], 'it got "grep" without'],
    ['one that there is not', ['--', 'sotr'], 'There is no command sotr.'],
    ['one that cannot be run', ['--', '/dev/null'], 'There is no command /dev/null.'],
  ])('%s is told before any job is taken', async (_which, args, message) => {
    const id = await publish(1)
    expect(await user.run(['work', 'job', '--once', ...args])).toMatchObject({
      code: 2,
      err: expect.stringContaining(message),
    })
    expect((await resultOf(id)).status).toBe('open')
  })

  const leaves = (child: string, then: string) => {
    const pidFile = join(emptyDir(), 'pid')
    onTestFinished(() => {
      if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL')
    })
    return {
      line: `${child} & echo $! > '${pidFile}'; ${then}`,
      pid: () => Number(readFileSync(pidFile, 'utf8')),
    }
  }

  test('is done when it is done, though a child holds its output; all that it printed is the result', async () => {
    const id = await publish(1)
    const { line, pid } = leaves('sleep 600', 'head -c 60000 /dev/zero | tr "\\0" a')
    expect((await once(line, '--timeout', '300')).code).toBe(0)
    expect((await resultOf(id)).result).toBe('a'.repeat(60_000))
    expect(isAlive(pid())).toBe(true)
  })

  test('has failed when it has, though a child prints without end', async () => {
    const id = await publish(1)
    const { line } = leaves('yes', 'echo "no paper" >&2; exit 3')
    expect((await once(`${line}`)).code).toBe(1)
    expect((await resultOf(id)).error).toBe('no paper')
  })

  test.each([
    ['a NUL', "printf 'a\\0b'", 'The command printed a NUL (byte 2 of 3), which no result can hold.'],
    [
      'what is no UTF-8',
      "printf 'gr\\374n'",
      'The command printed bytes in another encoding, not UTF-8; the first wrong byte is 3 of 4.',
    ],
    ['UTF-16', "printf '\\377\\376a\\0'", 'The command printed a NUL'],
  ])('that prints %s is a failed attempt that says so', async (_what, line, message) => {
    const id = await publish(1)
    expect((await once(line)).code).toBe(1)
    expect((await resultOf(id)).error).toContain(message)
  })

  test('does not see what opens the bus, unless it is passed; the worker says so', async () => {
    const env = { INTENT_API_KEY: 'sdk', BUS_SECRET: 'master', OTHER: 'seen' }
    const open = /KEY|TOKEN|SECRET|OTHER/
    const seen = async (...more: string[]) => {
      const id = await publish(1)
      const { err } = await user.run(['work', 'job', '--once', ...more, '--', 'env'], { env })
      const { result } = await resultOf(id)
      const names = (result as string).split('\n').map(line => line.split('=')[0]!)
      return { err, names: names.filter(name => open.test(name)).sort() }
    }
    const without = await seen()
    expect(without.names).toEqual(['OTHER'])
    expect(without.err).toContain(
      'The command does not see BUS_API_KEY, INTENT_API_KEY, BUS_ADMIN_TOKEN, BUS_SECRET, unless --pass-key',
    )
    const passed = await seen('--pass-key')
    expect(passed.names).toEqual(['BUS_ADMIN_TOKEN', 'BUS_API_KEY', 'BUS_SECRET', 'INTENT_API_KEY', 'OTHER'])
    expect(passed.err).not.toContain('does not see')
  })

  test('that wants to publish is told what it lacks', async () => {
    await publish(1)
    const { err } = await once(`'${process.execPath}' '${COMMAND}' publish more 1`)
    expect(err).toContain('give work (or worker.sh) --pass-key')
    await publish(1)
    expect((await once(`'${process.execPath}' '${COMMAND}' publish more 1`, '--pass-key')).code).toBe(0)
  })

  test('that fails is a failed attempt, with the end of its stderr as the error', async () => {
    const id = await publish(1)
    const { code, err } = await once('echo printed; echo "no paper" >&2; exit 3')
    expect([code, (await resultOf(id)).error]).toEqual([1, 'no paper'])
    expect(err).toContain('no paper')
  })

  test('that fails in silence leaves its exit code, or the signal that ended it', async () => {
    const silent = await publish(1)
    await once('exit 7')
    expect((await resultOf(silent)).error).toBe('exit code 7')
    const ended = await publish(1)
    await once('kill -9 $$')
    expect((await resultOf(ended)).error).toBe('ended by SIGKILL')
  })

  test('that prints no JSON where it was promised fails', async () => {
    const id = await publish(1)
    expect((await once('echo nonsense', '--result', 'json')).code).toBe(1)
    expect((await resultOf(id)).error).toContain('printed no JSON')
  })

  test('that prints nothing has no JSON result', async () => {
    const id = await publish(1)
    await once('true', '--result', 'json')
    expect(await resultOf(id)).not.toHaveProperty('result')
  })

  test('that takes too long is ended, with all that it started', async () => {
    const id = await publish(1)
    const late = join(emptyDir(), 'late')
    expect((await once(`(sleep 3; touch ${late}) & sleep 30`, '--timeout', '0.3')).code).toBe(1)
    expect((await resultOf(id)).error).toBe('It took longer than 0.3 s.')
    await new Promise(resolve => setTimeout(resolve, 3200))
    expect(existsSync(late)).toBe(false)
  })

  test('that takes too long is ended though its shell has gone before it', async () => {
    const id = await publish(1)
    const deaf = `(trap '' TERM; while :; do sleep 0.1; done) & wait`
    expect((await once(deaf, '--timeout', '0.3')).code).toBe(1)
    expect((await resultOf(id)).error).toBe('It took longer than 0.3 s.')
  })

  test('may take longer than any timer', async () => {
    await publish(1)
    expect((await once('sleep 0.2', '--timeout', '99999999')).code).toBe(0)
  })

  test('that cannot be started, as there are no files left, fails alone', async () => {
    const ids = await Promise.all(Array.from({ length: 12 }, (_, i) => publish(i)))
    const few = `ulimit -n 48; exec "$0" "$@"`
    const args = ['-c', few, process.execPath, COMMAND, 'work', 'job', '-x', 'sleep 0.3', '-c', '12']
    const worker = spawn('/bin/sh', args, { env: { ...process.env, ...user.env }, stdio: 'ignore' })
    onTestFinished(() => void worker.kill('SIGKILL'))
    const ends = new Promise(resolve => worker.on('exit', resolve))
    const settled = async () =>
      (await Promise.all(ids.map(resultOf))).every(
        ({ status }) => status === 'fulfilled' || status === 'dead',
      )
    await until(async () => worker.exitCode !== null || (await settled()))
    worker.kill('SIGTERM')
    expect(await ends).toBe(0)
    expect((await Promise.all(ids.map(resultOf))).map(({ error }) => error)).toContainEqual(
      expect.stringContaining('EMFILE'),
    )
  })

  test('need not read what it is given', async () => {
    await publish('x'.repeat(8000))
    expect((await once('exec <&-; sleep 0.1; echo done')).code).toBe(0)
  })
})

test('--once says by its code that there was nothing to do', async () => {
  expect(await inVain()).toMatchObject({
    code: 7,
    out: '',
    err: expect.stringContaining('There was no job for it within 200 ms. `intent-bus list --goal job` shows'),
  })
})

test('--once --wait 0 takes what is there, and waits for nothing', async () => {
  await publish(1)
  expect((await once('true', '--wait', '0')).code).toBe(0)
  expect((await once('true', '--wait', '0')).code).toBe(7)
})

test.each(['1.001', '99999999'])('--once may wait %s seconds', async seconds => {
  await publish(1)
  expect((await once('true', '--wait', seconds)).code).toBe(0)
})

test('--once tells a bus that is not there from a bus that has nothing', async () => {
  const env = { BUS_URL: 'http://127.0.0.1:1' }
  const { code, err } = await user.run(['work', 'job', '-x', 'true', '--once', '--wait', '0.3'], { env })
  expect([code, err]).toEqual([3, expect.stringContaining('cannot be reached')])
})

test('it offers what it is told to offer', async () => {
  const id = await publish(1, { target_worker: 'barn', required_capability: 'gpu' })
  expect((await inVain()).code).toBe(7)
  expect((await once('true', '--worker-id', 'barn', '--capabilities', 'gpu, ocr')).code).toBe(0)
  expect((await resultOf(id)).status).toBe('fulfilled')
})

test('it does several at once', async () => {
  const ids = await Promise.all(Array.from({ length: 4 }, (_, i) => publish(i)))
  const dir = emptyDir()
  // Each waits for the other three.
  const command = `touch ${dir}/$INTENT_ID; while [ $(ls ${dir} | wc -l) -lt 4 ]; do sleep 0.02; done`
  const worker = work(command, '--concurrency', '4')
  await until(async () =>
    (await Promise.all(ids.map(resultOf))).every(({ status }) => status === 'fulfilled'),
  )
  worker.child.kill('SIGTERM')
  expect((await worker.ended).code).toBe(0)
})

describe('stopping', () => {
  test('an idle worker goes at once', async () => {
    const worker = work('true')
    await waiting()
    worker.child.kill('SIGINT')
    expect(await worker.ended).toMatchObject({ code: 0, signal: null })
  })

  test('a busy one finishes what it has begun', async () => {
    const id = await publish(1)
    const go = join(emptyDir(), 'go')
    const worker = work(`while [ ! -e ${go} ]; do sleep 0.02; done; echo finished`)
    await until(async () => (await master.status(id)).status === 'claimed' && worker.err().includes('▶'))
    worker.child.kill('SIGTERM')
    await until(() => worker.err().includes('■'))
    writeFileSync(go, '')
    expect((await worker.ended).code).toBe(0)
    expect((await resultOf(id)).result).toBe('finished')
  })

  test.each(['SIGTERM', 'SIGHUP'] as const)('%s lets the one job of --once be finished', async signal => {
    const id = await publish(1)
    const dir = emptyDir()
    const worker = work(`touch ${dir}/on; while [ ! -e ${dir}/go ]; do sleep 0.02; done`, '--once')
    await until(() => existsSync(join(dir, 'on')))
    worker.child.kill(signal)
    await new Promise(resolve => setTimeout(resolve, 200))
    writeFileSync(join(dir, 'go'), '')
    expect((await worker.ended).code).toBe(0)
    expect((await resultOf(id)).status).toBe('fulfilled')
  })

  test('a reader of its log that goes away does not end it', async () => {
    const worker = work('echo noise >&2')
    await waiting()
    worker.child.stderr!.destroy()
    const ids = [await publish(1), await publish(2)]
    await until(async () => (await Promise.all(ids.map(resultOf))).every(each => each.status === 'fulfilled'))
    worker.child.kill('SIGTERM')
    expect((await worker.ended).code).toBe(0)
  })

  test('a reader of its events that goes away ends it, and what it has begun', async () => {
    const pidFile = join(emptyDir(), 'pid')
    const worker = user.start([
      '--json',
      'work',
      'job',
      '-c',
      '2',
      '-x',
      `echo $$ >> ${pidFile}; exec sleep 60`,
    ])
    await waiting()
    await publish(1)
    await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '')
    worker.child.stdout!.destroy()
    await publish(2)
    await worker.ended
    for (const pid of readFileSync(pidFile, 'utf8').trim().split('\n'))
      await until(() => !isAlive(Number(pid)))
  })

  test('a second signal ends it and the command at once', async () => {
    const id = await publish(1)
    const pidFile = join(emptyDir(), 'pid')
    const worker = work(`echo $$ > ${pidFile}; exec sleep 60`)
    await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '')
    worker.child.kill('SIGTERM')
    await until(() => worker.err().includes('■'))
    worker.child.kill('SIGTERM')
    expect((await worker.ended).code).toBe(143)
    await until(() => !isAlive(Number(readFileSync(pidFile, 'utf8'))))
    expect((await master.status(id)).status).toBe('claimed')
  })
})

test('it says what it waits for, and where; that the bus is away, and that it is back', async () => {
  let away = true
  const proxy = createServer((incoming, outgoing) => {
    if (away)
      return void outgoing
        .setHeader('x-intent-version', '7.61')
        .writeHead(503, { 'Retry-After': '1' })
        .end('{"error":{"code":"draining"}}')
    const headers = incoming.headers as Record<string, string>
    void fetch(bus.url + incoming.url, {
      method: 'POST',
      headers: { 'x-api-key': headers['x-api-key']! },
    }).then(answer => outgoing.writeHead(answer.status, Object.fromEntries(answer.headers)).end())
  })
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void proxy.close().closeAllConnections())
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const worker = user.start(['work', 'job', '-n', 'home', '--', 'cat'], { env: { BUS_URL: url } })
  await until(() => worker.err().includes('…'))
  expect(worker.err()).toMatch(/… .*\w\. Again in [\d.]+ m?s\.\n/)
  expect(worker.err()).toContain(
    `Waiting for jobs with the goal job in the namespace home of ${url}. Ctrl-C stops.\nIt takes jobs published with this same key, and public ones; none that are for another worker (--worker-id) or need a capability (--capabilities).\n`,
  )
  away = false
  await until(() => worker.err().includes('The bus is back.'))
  worker.child.kill('SIGTERM')
  expect((await worker.ended).code).toBe(0)
})

test('it has the name of its host, unless it is given one', async () => {
  const id = await publish(1, {
    target_worker: hostname()
      .replace(/[^A-Za-z0-9_.:-]/g, '-')
      .slice(0, 64),
  })
  expect((await once('true')).code).toBe(0)
  expect((await resultOf(id)).status).toBe('fulfilled')
})

test.each(['*', 'mail,print'])('it says that the goal %s is no pattern and no list', async goal => {
  await master.publish({ goal, payload: 1 })
  const { code, err } = await user.run(['work', goal, '--once', '--exec', 'true'])
  expect([code, err]).toEqual([0, expect.stringContaining(`${goal} is one goal, no pattern and no list.`)])
})

test('a wrong key ends it, and it says so', async () => {
  const { code, err } = await user.run(['work', 'job', '--exec', 'true'], { env: { BUS_API_KEY: 'wrong' } })
  expect([code, err]).toEqual([4, expect.stringContaining('Invalid API key')])
})

test('with --json each step is a line of JSON on stdout', async () => {
  const id = await publish(1)
  const { out } = await user.run(['--json', 'work', 'job', '--exec', 'true', '--once'])
  const events = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(events.map(({ name }) => name)).toEqual([
    'worker.started',
    'intent.claimed',
    'intent.started',
    'worker.draining',
    'intent.fulfilled',
    'worker.stopped',
  ])
  expect(events[4]).toMatchObject({ id, goal: 'job' })
  expect(events[4]).toMatchObject({ 'messaging.message.id': id, 'messaging.destination.name': 'job' })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // One that has ended and was not waited for yet is still listed.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
