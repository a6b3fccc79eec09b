import { Option } from '@commander-js/extra-typings'
import type { Job, WorkerEvent } from '@intent-bus/client/index'
import { TextResult } from '@intent-bus/client/index'
import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { numberIn, secondsIn } from '../input.ts'
import { parseJson } from '../json.ts'
import { connect, type Program } from '../program.ts'
import { WorkLog } from '../terminal/work-log.ts'
import { commandLine } from '../work/command-line.ts'
import { Commands } from '../work/commands.ts'
import { keptBack, withoutKeys } from '../work/environment.ts'
import { hostName } from '../work/host-name.ts'
import { OneClaim } from '../work/one-claim.ts'
import { unclaimed } from '../work/unclaimed.ts'

export function addWork(program: Program): void {
  program
    .command('work')
    .summary('do jobs by a command')
    .description(
      'Waits for intents with this goal and runs a command for each. It takes those published with the same key, and public ones.',
    )
    .addHelpText('after', HOW)
    .argument('<goal>', 'which jobs to do')
    .argument('[command...]', 'after --: a program and its arguments, run as they are')
    .option('-x, --exec <line>', 'a line for the shell instead')
    .option(
      '-c, --concurrency <n>',
      'how many jobs at once',
      numberIn({ least: 1, most: 1000, whole: true }),
      1,
    )
    .option('--worker-id <id>', 'its name, for intents with this target_worker (the host’s name)')
    .option('--capabilities <list>', 'what it offers, separated by commas')
    .option(
      '--lease <time>',
      'how long its jobs wait if this machine dies, 10 s to 1 h (60 s)',
      secondsIn({ least: 10, most: 3600, whole: true }),
    )
    .option('--timeout <time>', 'end a command that takes longer: 90, 30m', secondsIn({ least: 0.001 }))
    .addOption(
      new Option('--result <type>', 'what the command prints')
        .choices(['text', 'json'] as const)
        .default('text' as const),
    )
    .option('--pass-key', 'let the command see BUS_API_KEY, BUS_ADMIN_TOKEN and the like')
    .option('--once', 'do one job and end: 0 done, 1 failed, 7 there was none')
    .option('--wait <time>', 'with --once: how long to wait for it', secondsIn({ least: 0 }), 60)
    .action(async (goal, words, options, command) => {
      const line = commandLine(options.exec, words, process.argv.includes('--'))
      const { timeout, ...globals } = command.optsWithGlobals()
      const { bus, output, settings } = connect(globals, OneClaim)
      const env = options.passKey ? process.env : withoutKeys(process.env)
      const commands = new Commands(line, env, timeout)
      const log = new WorkLog(output, options.once ?? false)
      let ended: WorkerEvent['name'] | undefined
      const stop = new AbortController()
      let isOver = false
      const over = () => {
        isOver = true
        stop.abort()
      }
      if (options.once) bus.within(options.wait, over)
      const onEvent = (event: WorkerEvent) => {
        log.tell(event)
        if (ENDS.includes(event.name)) ended ??= event.name
      }
      const perform = async (job: Job) => {
        const printed = await commands.run(job)
        return options.result === 'text' ? new TextResult(printed) : jsonPrinted(printed)
      }
      const offer = {
        ...(options.workerId === undefined ? {} : { workerId: options.workerId }),
        capabilities: options.capabilities === undefined ? undefined : capabilitiesIn(options.capabilities),
      }
      const worker = bus.worker(goal, perform, {
        namespace: settings.namespace,
        workerId: hostName(),
        concurrency: options.once ? 1 : options.concurrency,
        ...offer,
        lease: options.lease,
        handleSignals: false,
        hooks: { onEvent },
        signal: stop.signal,
      })
      const forget = onSignals(stop, commands)
      log.start(goal, settings, offer, options.passKey ? [] : keptBack(process.env))
      await worker.done.finally(forget)
      if (!options.once) return
      process.exitCode =
        ended === undefined ? EXIT.notYet : ended === 'intent.fulfilled' ? EXIT.ok : EXIT.failed
      // Whoever stopped it knows why it found none.
      if (ended !== undefined || !isOver) return
      log.none(goal, options.wait)
      if (!output.json) log.others(await unclaimed(connect({ ...globals, ...BY_THE_WAY }), goal))
    })
}

/** How a question is asked whose answer is worth no long wait, in seconds, and no word about it. */
const BY_THE_WAY = { timeout: 5, quiet: true } as const

/** @throws {Failure} at an empty one: a variable that is not set */
function capabilitiesIn(list: string): string[] {
  const names = list.split(',').map(name => name.trim())
  if (names.includes(''))
    throw new Failure(`--capabilities takes names, separated by commas; one of "${list}" is empty.`)
  return names
}

const HOW = `
The command gets the payload as JSON on stdin, and INTENT_ID, INTENT_GOAL,
INTENT_NAMESPACE, INTENT_ATTEMPT and INTENT_PAYLOAD in its environment. Exit
code 0 fulfils the intent with what it printed; any other fails it, with the
end of its stderr as the error. The lease is kept while it runs; when it is
lost all the same, the command is ended. It does not get the key of the bus,
unless --pass-key says so.

After Ctrl-C, SIGTERM or when the terminal closes, it claims no more and
finishes what it has begun. A second signal ends it at once.`

const ENDS: readonly WorkerEvent['name'][] = ['intent.fulfilled', 'intent.failed', 'intent.lease_lost']

function jsonPrinted(printed: string): unknown {
  if (printed === '') return undefined
  try {
    return parseJson(printed)
  } catch {
    throw new Failure('The command printed no JSON, which --result json promises.')
  }
}

/** The first signal drains. The second one ends it, and whatever ends it takes the commands along. */
function onSignals(stop: AbortController, commands: Commands): () => void {
  process.on('exit', () => commands.killAll())
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
  let isToldTo = false
  const listeners = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(signal => {
    const listener = () => {
      if (isToldTo) process.exit(codes[signal])
      isToldTo = true
      stop.abort()
    }
    process.on(signal, listener)
    return () => process.off(signal, listener)
  })
  return () => {
    for (const forget of listeners) forget()
  }
}
