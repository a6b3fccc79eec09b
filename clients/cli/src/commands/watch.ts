import { setTimeout as sleep } from 'node:timers/promises'
import { numberIn, secondsIn } from '../input.ts'
import { connect, type Program } from '../program.ts'
import { Screen } from '../terminal/screen.ts'
import { drawing, lineFor, Readings } from '../terminal/watch-view.ts'

export function addWatch(program: Program): void {
  program
    .command('watch')
    .summary('see live what the bus does')
    .description(
      'Shows live how much is open, claimed, done and dead, and how fast it goes. Needs the admin token.',
    )
    .addHelpText('after', '\nq or Ctrl-C ends it. Where there is no terminal, it prints a line each time.')
    .option(
      '-i, --interval <time>',
      'how often it looks, in seconds',
      secondsIn({ least: 0.1, most: 3600 }),
      1,
    )
    .option('--count <n>', 'end after so many looks', numberIn({ least: 1, whole: true }))
    .action(async ({ interval, count = Number.POSITIVE_INFINITY }, command) => {
      const { bus, output, settings } = connect(command.optsWithGlobals())
      const readings = new Readings()
      // The first look is outside: what is wrong is told where it stays to be read.
      readings.add(await bus.admin.overview())
      const screen = !output.json && process.stdout.isTTY ? new Screen() : null
      try {
        for (let looks = 1; ; looks++) {
          if (screen !== null) screen.draw(size => drawing(readings, settings.url, size))
          else output.say(readings.last!, () => lineFor(readings))
          if (looks >= count || screen?.isClosed) break
          await sleep(interval * 1000, undefined, { signal: screen?.closing }).catch(() => undefined)
          if (screen?.isClosed) break
          try {
            // One that gives no answer is not waited for by whoever wants to leave.
            readings.add(
              await bus.admin.overview(screen === null ? {} : { retries: 0, signal: screen.closing }),
            )
          } catch (error) {
            if (screen === null) throw error
            if (!screen.isClosed) readings.miss(error as Error)
          }
        }
      } finally {
        screen?.close()
      }
    })
}
