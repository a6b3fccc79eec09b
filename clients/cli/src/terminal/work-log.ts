import type { WorkerEvent } from '@intent-bus/client/index'
import { COMMAND } from '../invocation.ts'
import { eventLines } from '../lines.ts'
import { jsonText, type Output, plain, sentence, span, styled } from '../output.ts'
import type { Settings } from '../settings.ts'

type Mark = [sign: string, style: Parameters<typeof styled>[0]]

const MARKS: Partial<Record<WorkerEvent['name'], Mark>> = {
  'intent.started': ['▶', 'cyan'],
  'intent.fulfilled': ['✓', 'green'],
  'intent.failed': ['✗', 'red'],
  'intent.lease_lost': ['!', 'yellow'],
  'worker.retrying': ['…', 'yellow'],
  'worker.reconnected': ['✓', 'green'],
  'worker.draining': ['■', 'dim'],
}

/** What a worker does: a line for each step on stderr, or the events themselves as lines of JSON on stdout. */
export class WorkLog {
  readonly #output: Output
  readonly #once: boolean

  constructor(output: Output, once: boolean) {
    this.#output = output
    this.#once = once
  }

  /** @param keptBack names of variables that the commands do not get */
  start(
    goal: string,
    { url, namespace }: Settings,
    offer: { workerId?: string | undefined; capabilities: readonly string[] | undefined },
    keptBack: readonly string[],
  ): void {
    const job = this.#once ? 'one job' : 'jobs'
    this.#output.note(
      `Waiting for ${job} with the goal ${plain(goal)} in the namespace ${namespace ?? 'default'} of ${url}. Ctrl-C stops.`,
    )
    if (/[*,]/.test(goal))
      this.#output.complain(
        `A goal is taken as it is: ${plain(goal)} is one goal, no pattern and no list. For several goals, run a worker for each.`,
      )
    const others = [
      ...(offer.workerId === undefined ? ['are for another worker (--worker-id)'] : []),
      ...(offer.capabilities === undefined ? ['need a capability (--capabilities)'] : []),
    ]
    const left = others.length === 0 ? '' : `; none that ${others.join(' or ')}`
    this.#output.note(`It takes jobs published with this same key, and public ones${left}.`)
    if (keptBack.length === 0) return
    const kept = `The command does not see ${keptBack.join(', ')}, unless --pass-key says so.`
    this.#output.note(styled('dim', kept, process.stderr))
  }

  /** @param seconds how long it waited */
  none(goal: string, seconds: number): void {
    this.#output.complain(
      `There was no job for it within ${span(seconds)}. \`${COMMAND} list --goal ${plain(goal)}\` shows what waits, and who may take it.`,
    )
  }

  /** @param lines of what is due with this goal, and was not for this worker */
  others(lines: readonly string[]): void {
    if (lines.length > 0) this.#output.complain(`Due with this goal:\n  ${lines.join('\n  ')}`)
  }

  tell(event: WorkerEvent): void {
    if (this.#output.json) {
      const { name, attributes, error } = event
      const [id, goal] = [attributes['messaging.message.id'], attributes['messaging.destination.name']]
      eventLines().write(
        `${jsonText({ name, id, goal, ...attributes, ...(error === undefined ? {} : { error: messageOf(error) }) })}\n`,
      )
      return
    }
    const mark = MARKS[event.name]
    if (mark === undefined || (this.#once && event.name === 'worker.draining')) return
    const [sign, style] = mark
    const time = new Date().toTimeString().slice(0, 8)
    this.#output.note(
      `${styled('dim', time, process.stderr)} ${styled(style, sign, process.stderr)} ${lineOf(event)}`,
    )
  }
}

function lineOf({ name, attributes, error }: WorkerEvent): string {
  const id = attributes['messaging.message.id']
  const attempt = Number(attributes['intent_bus.attempt'])
  switch (name) {
    case 'intent.started':
      return `${id}${attempt > 1 ? `, attempt ${attempt}` : ''}`
    case 'intent.fulfilled':
      return `${id} in ${span(Number(attributes['intent_bus.duration']))}`
    case 'worker.retrying':
      return `${sentence(messageOf(error))} Again in ${span(Number(attributes['intent_bus.retry.delay']))}.`
    case 'worker.reconnected':
      return 'The bus is back.'
    case 'worker.draining':
      return error === undefined ? 'claims no more, and finishes what has begun' : 'stops'
    default:
      return `${id} ${messageOf(error)}`
  }
}

const messageOf = (error: unknown): string => plain(error instanceof Error ? error.message : String(error))
