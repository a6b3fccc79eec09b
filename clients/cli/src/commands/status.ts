import type { Status } from '@intent-bus/client/index'
import { wholeIds } from '../ids.ts'
import { fields, moment, plain, span, styled } from '../output.ts'
import { connect, type Program } from '../program.ts'
import { whoMayTake } from '../who.ts'

export function addStatus(program: Program): void {
  program
    .command('status')
    .summary('show the state of an intent')
    .description(
      'Shows an intent: its state, attempts, progress, last error; to its publisher also whose it is, and who may take it.',
    )
    .argument('<id>', 'as publish prints it, or as a list shows it')
    .action(async (given, _options, command) => {
      const session = connect(command.optsWithGlobals())
      const { bus, output } = session
      const [id] = await wholeIds(session, [given])
      const status = await bus.status(id!)
      output.say(status, () => statusText(status))
    })
}

const COLOURS = { open: 'cyan', claimed: 'yellow', fulfilled: 'green', dead: 'red' } as const

/** @param text what is coloured: the state, with what pads it */
export const stateText = (state: Status['status'], text: string = state): string =>
  styled(COLOURS[state], text)

export function statusText(status: Status): string {
  const now = Date.now() / 1000
  const { progress, progressMessage: message, publisher, workerId } = status
  const hasEnded = status.status === 'fulfilled' || status.status === 'dead'
  return fields([
    ['id', status.id],
    ['status', stateText(status.status)],
    ['goal', plain(status.goal)],
    ['namespace', status.namespace],
    ['priority', status.priority],
    ['attempts', status.claimAttempts],
    ['due', status.status === 'open' ? dueText(status.runAt, now) : null],
    [
      'lease ends',
      status.claimExpiresAt === null ? null : `in ${span(Math.max(0, status.claimExpiresAt - now))}`,
    ],
    ['progress', progress === null ? null : `${progress} %${message ? ` ${plain(message)}` : ''}`],
    // The bus does not say it to a worker that did not publish the intent.
    ['publisher', publisher === undefined ? null : plain(publisher)],
    ['for', hasEnded ? null : whoMayTake(status)],
    ['worker', workerId ? plain(workerId) : null],
    ['ended', status.completedAt === null ? null : moment(status.completedAt)],
    ['last error', status.lastError === null ? null : styled('red', plain(status.lastError))],
  ])
}

const dueText = (runAt: number, now: number): string => (runAt <= now ? 'now' : `in ${span(runAt - now)}`)
