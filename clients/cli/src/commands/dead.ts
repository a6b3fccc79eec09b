import { followed } from '../dead/follow.ts'
import { matching, type Which } from '../dead/search.ts'
import { letterTable } from '../dead/shown.ts'
import { EXIT } from '../exit-codes.ts'
import { Failure, OwnListInstead } from '../failure.ts'
import { wholeIds } from '../ids.ts'
import { numberIn, secondsIn } from '../input.ts'
import { COMMAND } from '../invocation.ts'
import { fields, moment, type Output, plain, span, styled } from '../output.ts'
import { connect, type Globals, type Program, type Session } from '../program.ts'
import { adminNow } from '../reach.ts'
import { ProgressBar } from '../terminal/progress-bar.ts'

type Verb = 'retry' | 'drop'

/** How many ids go in one request. */
const BATCH = 500
/** How many a dry run names. */
const NAMED = 10

export function addDead(program: Program): void {
  const dead = program
    .command('dead')
    .summary('look at dead letters, retry or drop them')
    .description(
      `Dead letters: what failed for good. Without a word behind it, the list. All of it needs the admin token; a key lists its own by \`${COMMAND} list --status dead\`.`,
    )

  filtered(dead.command('list', { isDefault: true }))
    .description('Lists dead letters, newest first. With --follow, prints new ones as they come.')
    .option('--limit <n>', 'how many', numberIn({ least: 1, whole: true }), 100)
    .option('-f, --follow', 'print those to come, a line for each; before them those --since a time')
    .allowExcessArguments()
    .action(async ({ limit, follow, ...which }, command) => {
      if (command.args.length > 0) throw noSuch(command.args[0]!)
      const session = connectAsAdmin(command.optsWithGlobals())
      if (follow) return followed(session, which)
      const { bus, output, settings } = session
      const now = await adminNow(bus)
      const letters = await matching(bus, which, settings.namespace, now, limit)
      output.say(letters, () =>
        letters.length === 0 ? 'There are none.' : letterTable(letters, now, settings.namespace ?? 'default'),
      )
    })

  dead
    .command('show')
    .description('Shows one, with its payload and its last error.')
    .argument('<id>')
    .action(async (given, _options, command) => {
      const session = connectAsAdmin(command.optsWithGlobals())
      const { bus, output } = session
      const [id] = await wholeIds(session, [given])
      const letter = await bus.admin.deadLetter(id!)
      output.say(letter, () =>
        fields([
          ['id', letter.intentId],
          ['goal', plain(letter.goal)],
          ['namespace', letter.namespace],
          ['publisher', plain(letter.publisher)],
          ['visibility', letter.visibility],
          ['attempts', letter.attempts],
          // An older bus does not say it.
          ['worker', letter.workerId ? plain(letter.workerId) : null],
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
        const session = connectAsAdmin(command.optsWithGlobals())
        const chosen =
          ids.length > 0
            ? await wholeIds(session, ids)
            : await idsMatching(session, which, verb, yes !== true)
        if (chosen.length === 0) return noneMatch(session.output, yes !== true)
        if (!yes) return dryRun(session.output, verb, chosen)
        await move(session, verb, chosen)
      })
  }
}

/** Only admins see dead letters. Without an admin token, `list --status dead` shows the dead intents that this key published. */
function connectAsAdmin(globals: Globals): Session {
  const session = connect(globals)
  const { adminToken, key } = session.settings
  if (adminToken === undefined && key !== undefined)
    throw new OwnListInstead(`Your own: ${COMMAND} list --status dead; ${COMMAND} retry ID`)
  return session
}

function filtered<C extends ReturnType<Program['command']>>(command: C) {
  return command
    .option('--goal <goal>', 'of this goal')
    .option('--reason <text>', 'with exactly this reason')
    .option('--since <time>', 'that died no longer ago: 1h, 7d', secondsIn({ least: 0 }))
    .option('--older-than <time>', 'that died at least so long ago: 12h, 7d', secondsIn({ least: 0 }))
}

/** What `retry` says of one. The bus knows only that no dead letter has this id. */
const NOT_DEAD = 'It is not dead: it is open, claimed or fulfilled, or there is no such intent.'

const noSuch = (word: string): Failure =>
  new Failure(
    `There is no command "dead ${word}".`,
    EXIT.usage,
    `${COMMAND} help dead shows what there is. dead list takes filters: --goal, --reason, --since, --older-than, --namespace.`,
  )

async function idsMatching(
  session: Session,
  which: Which & { all?: true | undefined },
  verb: Verb,
  dry: boolean,
): Promise<string[]> {
  const { bus, output } = session
  const { namespace } = session.settings
  if (
    !which.all &&
    [which.goal, which.reason, which.since, which.olderThan, namespace].every(value => value === undefined)
  ) {
    throw new Failure(
      `dead ${verb} takes ids, or filters: --goal, --reason, --since, --older-than, --namespace. Or --all.`,
      EXIT.usage,
      `${COMMAND} dead list shows what there is.`,
    )
  }
  const now = await adminNow(bus)
  const letters = await matching(bus, which, namespace, now)
  if (dry && letters.length > 0)
    output.note(letterTable(letters.slice(0, NAMED), now, namespace ?? 'default', process.stderr))
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
    output.complain(`${plain(String(id))}: ${error.code === 'not_found' ? NOT_DEAD : plain(error.message)}`)
  if (refused.length > NAMED) output.complain(`… and ${refused.length - NAMED} more were refused.`)
  if (refused.length > 0) process.exitCode = EXIT.failed
}
