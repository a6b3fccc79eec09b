import type { Status } from '../../../typescript/src/index.ts'
import { checkId } from '../input.ts'
import { fields, moment, plain, span, styled } from '../output.ts'
import { connect, type Program } from '../program.ts'

export function addStatus(program: Program): void {
  program
    .command('status')
    .summary('show the state of an intent')
    .description('Shows an intent: its state, attempts, progress, last error.')
    .argument('<id>', 'the id that publish printed')
    .action(async (id, _options, command) => {
      const { bus, output } = connect(command.optsWithGlobals())
      checkId(id)
      const status = await bus.status(id)
      output.say(status, () => statusText(status))
    })
}

const COLOURS = { open: 'cyan', claimed: 'yellow', fulfilled: 'green', dead: 'red' } as const

export const stateText = (state: Status['status']): string => styled(COLOURS[state], state)

export function statusText(status: Status): string {
  const now = Date.now() / 1000
  const { progress, progressMessage: message } = status
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
    ['worker', status.targetWorker],
    ['capability', status.requiredCapability],
    ['ended', status.completedAt === null ? null : moment(status.completedAt)],
    ['last error', status.lastError === null ? null : styled('red', plain(status.lastError))],
  ])
}

const dueText = (runAt: number, now: number): string => (runAt <= now ? 'now' : `in ${span(runAt - now)}`)
