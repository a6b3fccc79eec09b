import { endWithReader } from '../lines.ts'
import type { Program } from '../program.ts'

/** What `npm start` runs. It has no types: an old Node has to read it. */
const LAUNCHER = '@intent-bus/service/launch'

export function addServe(program: Program): void {
  program
    .command('serve')
    .summary('run a bus')
    .description(
      'Runs a bus in this terminal, as `npm start` does in a clone. Its data is in ./data, unless --db says otherwise. Its settings are environment variables: docs/configuration.md.',
    )
    .option('--port <port>', 'PORT (8080)')
    .option('--host <address>', 'HOST (127.0.0.1)')
    .option('--db <file>', 'BUS_DB_PATH (./data/bus.db)')
    .action(async ({ port, host, db }) => {
      for (const [name, value] of Object.entries({ PORT: port, HOST: host, BUS_DB_PATH: db })) {
        if (value !== undefined) process.env[name] = value
      }
      // What it prints is the log of a bus, which outlives its readers.
      process.stdout.off('error', endWithReader)
      await import(LAUNCHER)
    })
}
