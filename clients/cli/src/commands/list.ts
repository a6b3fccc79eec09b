import { Option } from '@commander-js/extra-typings'
import type { IntentFilter, ListedIntent } from '@intent-bus/client/index'
import { shortId } from '../ids.ts'
import { numberIn } from '../input.ts'
import { moment, plain, shortened, span, styled } from '../output.ts'
import { connect, type Program } from '../program.ts'
import { busNow, MINE, reachOf } from '../reach.ts'
import { table, widthOf } from '../table.ts'
import { forWhom, goalIn } from '../who.ts'
import { stateText } from './status.ts'

const STATES = ['open', 'ready', 'delayed', 'claimed', 'fulfilled', 'dead'] as const

export function addList(program: Program): void {
  program
    .command('list')
    .summary('list intents: what is open, who works on what')
    .description(
      'Lists intents, newest first, with who may take each that is open: what this key published, or with an admin token those of all publishers. `open` includes `ready` (due now) and `delayed` (due later). In a terminal, ids are short; every command takes them.',
    )
    .option('--goal <goal>', 'of this goal')
    .addOption(new Option('--status <state>', 'in this state').choices(STATES))
    .option('--limit <n>', 'how many', numberIn({ least: 1, whole: true }), 50)
    .option(...MINE)
    .action(async ({ goal, status, limit, mine }, command) => {
      const session = connect(command.optsWithGlobals())
      const { output, settings } = session
      const { namespace } = settings
      const filter = Object.fromEntries(
        Object.entries({ goal, status, namespace }).filter(([, value]) => value !== undefined),
      )
      const listed: ListedIntent[] = []
      let isMore = false
      for await (const intent of reachOf(session, mine).intents(filter as IntentFilter)) {
        isMore = listed.length === limit
        if (isMore) break
        listed.push(intent)
      }
      const now = output.json || listed.length === 0 ? 0 : await busNow(session)
      output.say(listed, () =>
        listed.length === 0 ? 'There are none.' : intentTable(listed, now, namespace ?? 'default'),
      )
      if (isMore) output.note(styled('dim', `… and more: --limit shows them`, process.stderr))
    })
}

/** @param usual the namespace that goes without saying, in a terminal */
function intentTable(intents: readonly ListedIntent[], now: number, usual: string): string {
  const isTerminal = widthOf(process.stdout) !== undefined
  return table(
    [
      { head: 'id' },
      { head: 'status', style: (padded, cell) => stateText(cell as ListedIntent['status'], padded) },
      isTerminal ? { head: 'age', right: true } : { head: 'published' },
      { head: isTerminal ? 'tries' : 'attempts', right: true },
      ...(isTerminal ? [] : [{ head: 'namespace' }]),
      { head: 'goal' },
      { head: 'what now' },
    ],
    intents.map(intent => [
      isTerminal ? shortId(intent.id) : intent.id,
      intent.status,
      isTerminal ? span(Math.max(0, now - intent.createdAt)) : moment(intent.createdAt),
      `${intent.claimAttempts}/${intent.maxAttempts}`,
      ...(isTerminal ? [goalIn(intent, usual, GOAL_CHARS)] : [intent.namespace, plain(intent.goal)]),
      whatNow(intent, now, isTerminal),
    ]),
  )
}

/** Of a goal with its namespace, in a terminal. */
const GOAL_CHARS = 18

/** What will become of it, or what did. */
function whatNow(intent: ListedIntent, now: number, isTerminal: boolean): string {
  switch (intent.status) {
    case 'open':
      return [intent.runAt > now ? `due in ${span(intent.runAt - now)}` : 'ready', ...forWhom(intent)].join(
        ', ',
      )
    case 'claimed': {
      const ends = span(Math.max(0, (intent.claimExpiresAt ?? now) - now))
      return [
        // A worker without a name has an empty one.
        ...(intent.workerId ? [plain(intent.workerId)] : []),
        ...(intent.progress === null ? [] : [`${intent.progress} %`]),
        `lease ends in ${ends}`,
      ].join(', ')
    }
    case 'fulfilled':
      return `done ${span(now - (intent.completedAt ?? now))} ago`
    case 'dead': {
      const error = plain(intent.lastError ?? '')
      return isTerminal ? shortened(error) : error
    }
  }
}
