import { Option } from '@commander-js/extra-typings'
import type { IntentFilter, ListedIntent } from '../../../typescript/src/index.ts'
import { numberIn } from '../input.ts'
import { moment, plain, span, styled, table } from '../output.ts'
import { connect, type Program } from '../program.ts'

const STATES = ['open', 'ready', 'delayed', 'claimed', 'fulfilled', 'dead'] as const

export function addList(program: Program): void {
  program
    .command('list')
    .summary('list intents: what is open, who works on what')
    .description(
      'Lists intents of all publishers, newest first, with who may take each that is open. `open` includes `ready` (due now) and `delayed` (due later). Needs the admin token.',
    )
    .option('--goal <goal>', 'of this goal')
    .addOption(new Option('--status <state>', 'in this state').choices(STATES))
    .option('--limit <n>', 'how many', numberIn({ least: 1, whole: true }), 50)
    .action(async ({ goal, status, limit }, command) => {
      const { bus, output, settings } = connect(command.optsWithGlobals())
      const { namespace } = settings
      const filter = Object.fromEntries(
        Object.entries({ goal, status, namespace }).filter(([, value]) => value !== undefined),
      )
      // By the clock of the bus: that of this device may be wrong.
      const { now } = await bus.admin.overview()
      const listed: ListedIntent[] = []
      let isMore = false
      for await (const intent of bus.admin.intents(filter as IntentFilter)) {
        isMore = listed.length === limit
        if (isMore) break
        listed.push(intent)
      }
      output.say(listed, () => (listed.length === 0 ? 'There are none.' : intentTable(listed, now)))
      if (isMore) output.note(styled('dim', `… and more: --limit shows them`, process.stderr))
    })
}

function intentTable(intents: readonly ListedIntent[], now: number): string {
  return table(
    ['id', 'status', 'published', 'attempts', 'namespace', 'goal', 'what now'],
    intents.map(intent => [
      intent.id,
      intent.status,
      moment(intent.createdAt),
      `${intent.claimAttempts}/${intent.maxAttempts}`,
      intent.namespace,
      plain(intent.goal),
      whatNow(intent, now),
    ]),
  )
}

/** What will become of it, or what did. */
function whatNow(intent: ListedIntent, now: number): string {
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
    case 'dead':
      return plain(intent.lastError ?? '')
  }
}

/** Of what waits for ever, this mostly says why: who may take it, by worker, by what it offers, by key. */
function forWhom({ targetWorker, requiredCapability, visibility, publisher }: ListedIntent): string[] {
  return [
    ...(targetWorker === null ? [] : [`for worker ${targetWorker}`]),
    ...(requiredCapability === null ? [] : [`needs capability ${requiredCapability}`]),
    visibility === 'public' ? 'any key' : `only key ${plain(publisher)}`,
  ]
}
