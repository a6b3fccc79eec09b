/** Dead letters as they are shown: in a table, or each on a line. */
import type { DeadLetter } from '@intent-bus/client/index'
import { shortId } from '../ids.ts'
import { moment, plain, shortened, span } from '../output.ts'
import { beginningOf, table, widthOf } from '../table.ts'
import { goalIn } from '../who.ts'

/** @param now by the clock of the bus @param usual the namespace that goes without saying, in a terminal */
export function letterTable(
  letters: readonly DeadLetter[],
  now: number,
  usual: string,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  const isTerminal = widthOf(stream) !== undefined
  return table(
    [
      { head: 'id' },
      isTerminal ? { head: 'age', right: true } : { head: 'died' },
      { head: isTerminal ? 'tries' : 'attempts', right: true },
      ...(isTerminal ? [] : [{ head: 'namespace' }]),
      { head: 'goal' },
      { head: 'worker', most: 12 },
      { head: 'reason' },
      ...(isTerminal ? [] : [{ head: 'last error' }]),
    ],
    letters.map(letter => [
      isTerminal ? shortId(letter.intentId) : letter.intentId,
      isTerminal ? span(Math.max(0, now - letter.createdAt)) : moment(letter.createdAt),
      `${letter.attempts}`,
      ...(isTerminal ? [goalIn(letter, usual, GOAL_CHARS)] : [letter.namespace, plain(letter.goal)]),
      workerOf(letter),
      ...(isTerminal ? [why(letter)] : [plain(letter.reason), errorColumn(letter)]),
    ]),
    stream,
  )
}

/** One of those that are told as they come. In a terminal it keeps to its line. */
export function letterLine(letter: DeadLetter, usual: string): string {
  const width = widthOf(process.stdout)
  const { intentId, createdAt, attempts } = letter
  const cells = [
    moment(createdAt),
    width === undefined ? intentId : shortId(intentId),
    width === undefined ? `${plain(letter.goal)} (${letter.namespace})` : goalIn(letter, usual, GOAL_CHARS),
    `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`,
    workerOf(letter),
    why(letter),
  ]
  const line = cells.join('  ')
  return beginningOf(line, width ?? line.length)
}

/** Of a goal with its namespace, in a terminal. */
const GOAL_CHARS = 16

const workerOf = ({ workerId }: DeadLetter): string => plain(workerId || '-')

/** The reason, and the last error where it says more. */
function why(letter: DeadLetter): string {
  const error = lastErrorOf(letter)
  return `${shortened(plain(letter.reason))}${error === '' ? '' : `; last error: ${error}`}`
}

/** Programs find a column by its place, so it is filled in even where the reason says the same. */
const errorColumn = ({ lastError }: DeadLetter): string => shortened(plain((lastError ?? '').trim())) || '-'

/** Where it says more than the reason does. `dead show` has all of it. */
function lastErrorOf({ reason, lastError }: DeadLetter): string {
  // An older bus does not say it in a list.
  const text = plain((lastError ?? '').trim())
  return text === reason ? '' : shortened(text)
}
