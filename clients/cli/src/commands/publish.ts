import type { PublishOptions } from '@intent-bus/client/index'
import { emptyArgument } from '../empty.ts'
import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { contentOf, jsonOf, numberIn, secondsIn, typed } from '../input.ts'
import { COMMAND } from '../invocation.ts'
import { connect, type Program } from '../program.ts'
import { publishBatch } from '../publish/batch.ts'
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
      '\nPAYLOAD is JSON. - reads it from stdin, @FILE from a file; left out, it is null. With --text it is the text itself, also one that begins with - or @.',
    )
    .argument('[goal]', 'what is to be done')
    .argument('[payload]', 'JSON for whoever does it')
    .allowExcessArguments()
    .option('--text', 'PAYLOAD is a text, not JSON: publish note --text "$TEXT"')
    .option('--text-file <file>', 'take the text from a file; - is stdin')
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
      if (command.args.length > 2) throw tooMany(command.args)
      if (options.batch !== undefined) {
        const { batch, ...others } = options
        const first = goal === undefined ? Object.keys(others)[0] : 'GOAL'
        if (first !== undefined)
          throw new Failure(`--batch takes all from the lines of the file; ${first} would be ignored.`)
        return publishBatch(session, batch)
      }
      if (goal === undefined) throw new Failure('publish takes a GOAL, or --batch FILE.')
      refuseJson(goal)
      const content = await payloadOf(payload, options)
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
      if (options.wait === undefined)
        return session.output.say(published, published.id, `It is published: ${published.id}`)
      session.output.note(published.id)
      const wait = options.wait === true ? 60 : options.wait
      try {
        sayResult(await session.bus.result(published.id, { wait }), session.output, wait)
      } catch (error) {
        // It is published all the same, and nobody has been told which it is.
        if (session.output.json) session.output.say(published, '')
        else if (session.output.quiet) session.output.complain(published.id)
        throw error
      }
    })
}

/** A text without its quotes, mostly. */
function tooMany([goal, ...words]: readonly string[]): Failure {
  return new Failure(
    `publish takes a GOAL and one PAYLOAD; it got ${words.length} words after ${goal}.`,
    EXIT.usage,
    `Quote them. A text: ${COMMAND} publish ${goal} --text '${words.join(' ')}'. JSON: '{"name": "Ada"}'`,
  )
}

/** Any text may be a goal, and this one nobody means. */
function refuseJson(goal: string): void {
  try {
    if (!/^\s*[{[]/.test(goal)) return
    JSON.parse(goal)
  } catch {
    return
  }
  throw new Failure(
    'GOAL is a name, such as resize; it got JSON.',
    EXIT.usage,
    `PAYLOAD comes second: ${COMMAND} publish GOAL PAYLOAD. Whole intents, one on each line: ${COMMAND} publish --batch FILE`,
  )
}

type Given = { text?: true | undefined; textFile?: string | undefined }

async function payloadOf(payload: string | undefined, { text, textFile }: Given): Promise<unknown> {
  if (textFile !== undefined) {
    if (payload !== undefined || text)
      throw new Failure('--text-file takes the place of PAYLOAD; give one of the two.')
    return contentOf(textFile)
  }
  if (text) {
    if (payload === undefined) throw new Failure('--text takes a text: publish GOAL --text "$TEXT"')
    return payload
  }
  if (payload?.trim() === '')
    throw emptyArgument('PAYLOAD', 'An empty text is --text ""; without a PAYLOAD, the payload is null.')
  return payload === undefined ? null : jsonOf('PAYLOAD', await typed(payload))
}
