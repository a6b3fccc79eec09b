import { BusError, type Publication, type PublishOptions } from '../../../typescript/src/index.ts'
import { camel } from '../../../typescript/src/wire.ts'
import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { jsonOf, numberIn, secondsIn, typed } from '../input.ts'
import { connect, type Program, type Session } from '../program.ts'
import { ProgressBar } from '../terminal/progress-bar.ts'
import { sayResult } from './result.ts'

export function addPublish(program: Program): void {
  program
    .command('publish')
    .summary('publish an intent')
    .description(
      'Publishes an intent and prints its id. With --wait it waits for the result and prints that.',
    )
    .addHelpText(
      'after',
      '\nPAYLOAD is JSON. - reads it from stdin, @FILE from a file; left out, it is null.',
    )
    .argument('[goal]', 'what is to be done')
    .argument('[payload]', 'JSON for whoever does it')
    .option('--text', 'PAYLOAD is a text, not JSON')
    .option(
      '--priority <n>',
      '0 to 1000, higher goes first (100)',
      numberIn({ least: 0, most: 1000, whole: true }),
    )
    .option('--delay <time>', 'not before so long: 90, 30m, 12h', secondsIn({ least: 0 }))
    .option(
      '--max-attempts <n>',
      'claims before it is dead, 1 to 20 (3)',
      numberIn({ least: 1, most: 20, whole: true }),
    )
    .option(
      '--backoff <time>',
      'base delay: 2 times that before attempt 2, 4 times before attempt 3, …; 1 s to 1 h (5 s)',
      secondsIn({ least: 1, most: 3600 }),
    )
    .option('--target-worker <id>', 'only this worker takes it')
    .option('--capability <name>', 'only workers that offer this take it')
    .option('--public', 'workers of any key may take it')
    .option('--idempotency-key <key>', 'publish once, however often this is run')
    .option('--wait [time]', 'wait for the result (60 s)', secondsIn({ least: 0 }))
    .option(
      '--batch <file>',
      'publish each line of FILE, an intent as JSON ({"goal", "payload", …}); - is stdin',
    )
    .action(async (goal, payload, options, command) => {
      const session = connect(command.optsWithGlobals())
      if (options.batch !== undefined) {
        const { batch, ...others } = options
        const first = goal === undefined ? Object.keys(others)[0] : 'GOAL'
        if (first !== undefined)
          throw new Failure(`--batch takes all from the lines of the file; ${first} would be ignored.`)
        return publishBatch(session, batch)
      }
      if (goal === undefined) throw new Failure('publish takes a GOAL, or --batch FILE.')
      const content = payload === undefined ? null : await contentOf(payload, options.text === true)
      const asked: PublishOptions = {
        namespace: session.settings.namespace,
        priority: options.priority,
        delay: options.delay,
        maxAttempts: options.maxAttempts,
        backoffBase: options.backoff,
        targetWorker: options.targetWorker,
        requiredCapability: options.capability,
        visibility: options.public ? 'public' : undefined,
        idempotencyKey: options.idempotencyKey,
      }
      const published = await session.bus.publish(goal, content, asked)
      if (options.wait === undefined) return session.output.say(published, published.id)
      session.output.note(published.id)
      const wait = options.wait === true ? 60 : options.wait
      sayResult(await session.bus.result(published.id, { wait }), session.output, wait)
    })
}

async function contentOf(payload: string, isText: boolean): Promise<unknown> {
  const source = await typed(payload)
  return isText ? source : jsonOf('PAYLOAD', source)
}

/**
 * How many go in one request. Each is all or none, so what was printed is published. An issued key may send 60 in a minute:
 * more in one would be refused for good, these are let through in time.
 */
const BATCH = 50

async function publishBatch({ bus, output, settings }: Session, file: string): Promise<void> {
  const lines = (await typed(file === '-' ? '-' : `@${file}`)).split('\n')
  const filled = lines.flatMap((line, i) => (line.trim() === '' ? [] : [{ line, number: i + 1 }]))
  const intents = filled.map(({ line, number }) => publicationOf(line, number, settings.namespace))
  // Where the ids go to the terminal, they show how far it is.
  const bar = new ProgressBar('published', intents.length, output.isSilent || process.stdout.isTTY)
  const ids: string[] = []
  try {
    for (let start = 0; start < intents.length; start += BATCH) {
      const published = await bus.publishMany(intents.slice(start, start + BATCH))
      ids.push(...published.map(({ id }) => id))
      // At once: whoever interrupts this knows what is published.
      if (!output.json) output.say(null, published.map(({ id }) => id).join('\n'))
      bar.at(ids.length)
    }
  } catch (error) {
    throw withLine(error, index => filled[ids.length + index]?.number)
  } finally {
    bar.end()
    if (output.json && ids.length > 0) output.say({ ids }, '')
    if (ids.length < intents.length) output.note(`${ids.length} of ${intents.length} are published.`)
  }
  if (intents.length === 0) throw new Failure(`${file} has no line with an intent.`, EXIT.usage)
}

/** The bus counts within a request, from 0: `intents[3]: …`. */
function withLine(error: unknown, lineOf: (index: number) => number | undefined): unknown {
  if (!(error instanceof BusError)) return error
  const [whole, index] = /^intents\[(\d+)\]: /.exec(error.message) ?? []
  const line = lineOf(Number(index))
  if (whole === undefined || line === undefined) return error
  return new BusError({ ...error, message: `line ${line}: ${error.message.slice(whole.length)}` })
}

/** Lines have the names of the wire; what the bus does not take it says itself. */
function publicationOf(line: string, number: number, namespace: string | undefined): Publication<never> {
  const intent = jsonOf(`line ${number}`, line)
  if (typeof intent !== 'object' || intent === null || Array.isArray(intent)) {
    throw new Failure(`line ${number} takes an object: {"goal": "…", "payload": …}.`)
  }
  return { ...(namespace === undefined ? {} : { namespace }), ...camel(intent) } as never
}
