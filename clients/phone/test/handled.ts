/** A job for the phone's worker, and what its handler asked of the phone. The commands of Termux:API are stand-ins here. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { folder, type Result, ShellWorker, type WorkedBus } from '../../shell/test/shell-worker.ts'
import { workers } from '../../shell/test/shells.ts'

export type Asked = { command: string; args: string[]; input: string }

/** What a command does beside being written down: shell, with its arguments. */
export type Answers = Record<string, string>

/** Puts commands into a folder that write down how they are called, in this order. @returns what to ask for that */
export function standIns(bin: string, answers: Answers): () => Asked[] {
  const calls = join(folder(), 'calls')
  mkdirSync(calls)
  for (const [command, answer] of Object.entries(answers)) {
    const script = `#!/bin/sh
PATH='${process.env['PATH']}'
n=$(ls '${calls}' | wc -l)
call='${calls}'/$((n + 1))
mkdir "$call"
cat > "$call/input"
printf '%s\\0' ${command} "$@" > "$call/args.part"
mv "$call/args.part" "$call/args"
${answer}
`
    writeFileSync(join(bin, command), script, { mode: 0o755 })
  }
  return () =>
    readdirSync(calls)
      // One that is just being written down comes with the next look.
      .filter(call => existsSync(join(calls, call, 'args')))
      .sort((a, b) => Number(a) - Number(b))
      .map(call => {
        const [command, ...args] = readFileSync(join(calls, call, 'args'), 'utf8')
          .split('\0')
          .slice(0, -1)
        return { command: command!, args, input: readFileSync(join(calls, call, 'input'), 'utf8') }
      })
}

export type Handled = Result & { id: string; asked: Asked[]; home: string }

/** A phone, and a worker on it that takes one job. @param answers the commands that the phone has */
export async function workOnce(
  bus: WorkedBus,
  shell: string[],
  answers: Answers,
  env: Record<string, string> = {},
): Promise<{ asked: Asked[]; home: string; code: number | null; said: string }> {
  const bin = folder()
  const asked = standIns(bin, answers)
  const home = env['PHONE_HOME'] ?? folder()
  const worker = new ShellWorker(shell, '../phone/worker.sh', ['--once', '--wait', '0'], {
    ...bus.environment,
    PHONE_HOME: home,
    PATH: `${bin}${delimiter}${process.env['PATH']}`,
    ...env,
  })
  const code = await worker.exited
  if (worker.leftovers.length > 0) throw new Error(`it left ${worker.leftovers}`)
  return { asked: asked(), home, code, said: worker.errors }
}

/** Publishes one job, and has it done. @param payload JSON text */
export async function handled(
  bus: WorkedBus,
  shell: string[],
  goal: string,
  payload: string,
  answers: Answers,
  env: Record<string, string> = {},
): Promise<Handled> {
  const id = await bus.publish(goal, payload, { namespace: 'phone', max_attempts: 1 })
  const { asked, home, code, said } = await workOnce(bus, shell, answers, env)
  if ((await bus.status(id)).status === 'open') throw new Error(`the worker ended with ${code}: ${said}`)
  return { ...(await bus.result(id)), id, asked, home }
}

/** One attempt at a job, without a bus, on a phone where every handler is on. */
export function attempted(
  shell: string[],
  goal: string,
  payload: string,
): { code: number | null; said: string; asked: Asked[] } {
  const bin = folder()
  const asked = standIns(bin, EVERYTHING)
  const file = join(bin, 'payload')
  writeFileSync(file, payload)
  const { status, stderr } = spawnSync(shell[0]!, [...shell.slice(1), worker, '--do'], {
    encoding: 'utf8',
    env: {
      PATH: `${bin}${delimiter}${process.env['PATH']}`,
      PHONE_HOME: bin,
      PHONE_SMS_TO: 'any',
      PHONE_HANDLERS: 'battery clipboard location notify photo sensor sms speak torch vibrate',
      INTENT_ID: 'f'.repeat(32),
      INTENT_GOAL: goal,
      INTENT_PAYLOAD_FILE: file,
    },
  })
  return { code: status, said: stderr, asked: asked() }
}

const worker = join(workers, '../phone/worker.sh')

const EVERYTHING: Answers = Object.fromEntries(
  'notification tts-speak vibrate torch battery-status sms-send camera-photo sensor location clipboard-set'
    .split(' ')
    .map(command => [`termux-${command}`, '']),
)

export const photosIn = (home: string): string[] =>
  existsSync(join(home, 'photos')) ? readdirSync(join(home, 'photos')) : []
