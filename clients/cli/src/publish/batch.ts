/** `publish --batch`: a file of lines, each an intent. */
import { BusError, IntentBusError } from '@intent-bus/client/index'
import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { contentOf } from '../input.ts'
import type { Session } from '../program.ts'
import { ProgressBar } from '../terminal/progress-bar.ts'
import { publicationsOf } from './lines.ts'

/**
 * How many go in one request. Each is all or none, so what was printed is published. An issued key may send 60 in a minute:
 * more in one would be refused for good, these are let through in time.
 */
const BATCH = 50

export async function publishBatch({ bus, output, settings }: Session, file: string): Promise<void> {
  const lines = (await contentOf(file)).split('\n')
  const filled = lines.flatMap((line, i) => (line.trim() === '' ? [] : [{ line, number: i + 1 }]))
  const intents = await publicationsOf(filled, settings.namespace, line => output.complain(line))
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
  if (!(error instanceof IntentBusError)) return error
  const [whole, index] = /^intents\[(\d+)\]: /.exec(error.message) ?? []
  const line = lineOf(Number(index))
  if (whole === undefined || line === undefined) return error
  const message = `line ${line}: ${error.message.slice(whole.length)}`
  return error instanceof BusError
    ? new BusError({ ...error, message })
    : new IntentBusError(error.code, message)
}
