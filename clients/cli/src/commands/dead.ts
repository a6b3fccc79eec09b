import type { DeadLetter, DeadLetterFilter, IntentBus } from '../../../typescript/src/index.ts'
import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { checkId, numberIn, secondsIn } from '../input.ts'
import { COMMAND } from '../invocation.ts'
import { fields, moment, type Output, plain, span, styled, table } from '../output.ts'
import { connect, type Program, type Session } from '../program.ts'
import { ProgressBar } from '../terminal/progress-bar.ts'

type Which = {
  goal?: string | undefined
  reason?: string | undefined
  olderThan?: number | undefined
  all?: true | undefined
}
type Verb = 'retry' | 'drop'

/** How many ids go in one request. */
const BATCH = 500
/** How many a dry run names. */
const NAMED = 10

export function addDead(program: Program): void {
  const dead = program
    .command('dead')
    .summary('look at dead letters, retry or drop them')
    .description('Dead letters: what failed for good. All of it needs the admin token.')

  filtered(dead.command('list'))
    .description('Lists dead letters, newest first.')
    .option('--limit <n>', 'how many', numberIn({ least: 1, whole: true }), 100)
    .action(async ({ limit, ...which }, command) => {
      const { bus, output, settings } = connect(command.optsWithGlobals())
      const letters = await matching(bus, which, settings.namespace, limit)
      output.say(letters, () => (letters.length === 0 ? 'There are none.' : letterTable(letters)))
    })

  dead
    .command('show')
    .description('Shows one, with its payload and its last error.')
    .argument('<id>')
    .action(async (id, _options, command) => {
      const { bus, output } = connect(command.optsWithGlobals())
      checkId(id)
      const letter = await bus.admin.deadLetter(id)
      output.say(letter, () =>
        fields([
          ['id', letter.intentId],
          ['goal', plain(letter.goal)],
          ['namespace', letter.namespace],
          ['publisher', plain(letter.publisher)],
          ['visibility', letter.visibility],
          ['attempts', letter.attempts],
          ['died', `${moment(letter.createdAt)}, ${span(Date.now() / 1000 - letter.createdAt)} ago`],
          ['reason', plain(letter.reason)],
          ['last error', letter.lastError === null ? null : styled('red', plain(letter.lastError))],
          ['payload', plain(JSON.stringify(letter.payload))],
        ]),
      )
    })

  const verbs: Record<Verb, string> = {
    retry: 'Opens dead intents again, with all their attempts.',
    drop: 'Deletes dead intents for good.',
  }
  for (const verb of ['retry', 'drop'] as const) {
    filtered(dead.command(verb))
      .description(`${verbs[verb]} Without --yes it only says which.`)
      .argument('[ids...]', 'these; or all that match the filters')
      .option('--all', 'all of them, if there is no filter')
      .option('-y, --yes', 'do it')
      .action(async (ids, { yes, ...which }, command) => {
        const session = connect(command.optsWithGlobals())
        ids.forEach(checkId)
        const chosen = ids.length > 0 ? ids : await idsMatching(session, which, verb, yes !== true)
        if (chosen.length === 0) return noneMatch(session.output, yes !== true)
        if (!yes) return dryRun(session.output, verb, chosen)
        await move(session, verb, chosen)
      })
  }
}

function filtered<C extends ReturnType<Program['command']>>(command: C) {
  return command
    .option('--goal <goal>', 'of this goal')
    .option('--reason <text>', 'with exactly this reason')
    .option('--older-than <time>', 'that died at least so long ago: 12h, 7d', secondsIn({ least: 0 }))
}

async function matching(
  bus: IntentBus,
  { goal, reason, olderThan }: Which,
  namespace: string | undefined,
  limit = Number.POSITIVE_INFINITY,
): Promise<DeadLetter[]> {
  const filter = Object.fromEntries(
    Object.entries({ goal, reason, namespace }).filter(([, value]) => value !== undefined),
  )
  const before = olderThan === undefined ? Number.POSITIVE_INFINITY : (await bus.health()).ts - olderThan
  const letters: DeadLetter[] = []
  for await (const letter of bus.admin.deadLetters(filter as DeadLetterFilter)) {
    if (letters.length === limit) break
    if (letter.createdAt <= before) letters.push(letter)
  }
  return letters
}

async function idsMatching(
  { bus, output, settings }: Session,
  which: Which,
  verb: Verb,
  dry: boolean,
): Promise<string[]> {
  const { namespace } = settings
  if (
    !which.all &&
    [which.goal, which.reason, which.olderThan, namespace].every(value => value === undefined)
  ) {
    throw new Failure(
      `dead ${verb} takes ids, or filters: --goal, --reason, --older-than, --namespace. Or --all.`,
      EXIT.usage,
      `${COMMAND} dead list shows what there is.`,
    )
  }
  const letters = await matching(bus, which, namespace)
  if (dry && letters.length > 0) output.note(letterTable(letters.slice(0, NAMED)))
  if (dry && letters.length > NAMED)
    output.note(styled('dim', `… and ${letters.length - NAMED} more`, process.stderr))
  return letters.map(({ intentId }) => intentId)
}

/** No failure: what tidies up each night mostly finds nothing. */
function noneMatch(output: Output, dry: boolean): void {
  output.say(dry ? { dry_run: true, ids: [] } : { done: 0, refused: [] }, 'There are none that match.')
}

function dryRun(output: Output, verb: Verb, ids: readonly string[]): void {
  const what = `${ids.length} dead ${ids.length === 1 ? 'intent' : 'intents'}`
  output.say({ dry_run: true, ids }, `This would ${verb} ${what}. Nothing is done yet: add --yes.`)
}

async function move({ bus, output }: Session, verb: Verb, ids: readonly string[]): Promise<void> {
  const bar = new ProgressBar(verb === 'retry' ? 'opened again' : 'dropped', ids.length, output.isSilent)
  const answers: Awaited<ReturnType<typeof bus.admin.retryDead>> = []
  const counted = () => {
    const refused = answers.filter(answer => !answer.ok)
    return { done: answers.length - refused.length, refused }
  }
  try {
    for (let start = 0; start < ids.length; start += BATCH) {
      const some = ids.slice(start, start + BATCH)
      answers.push(...(verb === 'retry' ? await bus.admin.retryDead(some) : await bus.admin.dropDead(some)))
      bar.at(answers.length)
    }
  } catch (error) {
    bar.end()
    const { done, refused } = counted()
    const asked = answers.length
    // Whatever became of the request that went wrong, these are done.
    if (output.json) output.say({ done, refused, left: ids.length - asked }, '')
    else output.complain(`${asked} of ${ids.length} were asked for before it went wrong, and ${done} done.`)
    throw error
  }
  bar.end()
  const { done, refused } = counted()
  output.say({ done, refused }, `${verb === 'retry' ? 'Opened again' : 'Dropped'}: ${done}.`)
  for (const { id, error } of refused.slice(0, NAMED))
    output.complain(`${plain(String(id))}: ${plain(error.message)}`)
  if (refused.length > NAMED) output.complain(`… and ${refused.length - NAMED} more were refused.`)
  if (refused.length > 0) process.exitCode = EXIT.failed
}

const letterTable = (letters: readonly DeadLetter[]): string =>
  table(
    ['id', 'died', 'attempts', 'namespace', 'goal', 'reason', 'last error'],
    letters.map(letter => [
      letter.intentId,
      moment(letter.createdAt),
      `${letter.attempts}`,
      letter.namespace,
      plain(letter.goal),
      plain(letter.reason),
      lastErrorOf(letter),
    ]),
  )

/** Beginning and end: what a program printed when it failed mostly says at its end what it failed of. */
const SHOWN_BEGINNING = 40
const SHOWN_END = 56

/** Where it says more than the reason does. `dead show` has all of it. */
function lastErrorOf({ reason, lastError }: DeadLetter): string {
  // An older bus does not say it in a list.
  const text = plain((lastError ?? '').trim())
  if (text === '' || text === reason) return '-'
  const whole = text.length <= SHOWN_BEGINNING + SHOWN_END
  return whole ? text : `${text.slice(0, SHOWN_BEGINNING)} … ${text.slice(-SHOWN_END)}`
}
