import type { Maintenance } from '../../../typescript/src/index.ts'
import { moment, plain } from '../output.ts'
import { connect, type Program } from '../program.ts'

export function addMaintenance(program: Program): void {
  const maintenance = program
    .command('maintenance')
    .summary('shut all but admins out for a while')
    .description(
      'Maintenance: all but admins are answered 503. It outlives a restart. It needs the admin token.',
    )

  maintenance
    .command('on')
    .description('Begins it. Workers in a long poll are answered; leases run on.')
    .option('--note <text>', 'why, for other admins')
    .action(async ({ note }, command) => {
      const { bus, output } = connect(command.optsWithGlobals())
      const state = await bus.admin.setMaintenance(true, note)
      output.say(state, () => told(state))
    })

  maintenance
    .command('off')
    .description('Ends it.')
    .action(async (_options, command) => {
      const { bus, output } = connect(command.optsWithGlobals())
      const state = await bus.admin.setMaintenance(false)
      output.say(state, () => told(state))
    })

  maintenance
    .command('status')
    .description('Says whether it is on.')
    .action(async (_options, command) => {
      const { bus, output } = connect(command.optsWithGlobals())
      const state = await bus.admin.maintenance()
      output.say(state, () => told(state))
    })
}

function told({ on, by, since, note }: Maintenance): string {
  if (!on) return 'off'
  if (by === 'variable') return 'on, by BUS_MAINTENANCE_MODE'
  return `on, since ${moment(since ?? 0)}${note === '' ? '' : `: ${plain(note)}`}`
}
