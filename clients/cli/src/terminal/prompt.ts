/** Questions to whoever sits at the terminal. They go to stderr: stdout is for what a program reads. */
import { createInterface } from 'node:readline/promises'
import { Failure } from '../failure.ts'

/** Whether there is somebody to ask. */
export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true

/** @returns whether the answer begins with a y; no is the default */
export async function confirmed(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const given = new AbortController()
    // Ctrl-C and Ctrl-D are no answer, and that is a no.
    for (const event of ['SIGINT', 'close'] as const) lines.once(event, () => given.abort())
    return /^y/i.test((await lines.question(`${question} [y/N] `, { signal: given.signal })).trim())
  } catch {
    process.stderr.write('\n')
    return false
  } finally {
    lines.close()
  }
}

const [ENTER, NEW_LINE, CTRL_C, CTRL_D, CTRL_U, BACKSPACE, DELETE] = [
  '\r',
  '\n',
  '\x03',
  '\x04',
  '\x15',
  '\b',
  '\x7f',
]

/** Reads a line that is not shown. @throws {Failure} at Ctrl-C and Ctrl-D */
export async function hidden(question: string): Promise<string> {
  const { stdin, stderr } = process
  let forget = (): void => undefined
  stderr.write(question)
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  try {
    return await new Promise((resolve, reject) => {
      let line = ''
      const read = (typed: string): void => {
        // One that is pasted comes at once, with its end.
        for (const character of typed) {
          if (character === ENTER || character === NEW_LINE) {
            resolve(line)
            return
          }
          if (character === CTRL_C || character === CTRL_D) {
            reject(new Failure('Nothing was typed in.'))
            return
          }
          if (character === CTRL_U) line = ''
          else if (character === BACKSPACE || character === DELETE) line = line.slice(0, -1)
          else line += character
        }
      }
      const end = () => reject(new Failure('The terminal is gone.'))
      // A stream that an earlier question has left paused does not go on by itself.
      stdin.on('data', read).on('end', end).resume()
      forget = () => void stdin.off('data', read).off('end', end).pause()
    })
  } finally {
    forget()
    stdin.setRawMode(false)
    stderr.write('\n')
  }
}
