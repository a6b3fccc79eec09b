import type { Maintenance } from '@intent-bus/client/index'
import { moment, plain } from '../output.ts'
import { connect, type Program } from '../program.ts'

export function addMaintenance(program: Program): void {
  const maintenance = program
    .command('maintenance')
    .summary('close the bus to all but admins for a while')
    .description(
      'While maintenance is on, all but admins get 503. It stays on over a restart. Needs the admin token.',
    )

  maintenance
    .command('on')
    .description('Turns it on. Workers that wait for jobs are sent away; leases go on running out.')
    .option('--note <text>', 'why, for other admins')
    .action(async ({ note }, command) => {
      const { bus, output } = connect(command.optsWithGlobals())
      const state = await bus.admin.setMaintenance(true, note)
      output.say(state, () => told(state))
    })

  maintenance
    .command('off')
    .description('Turns it off.')
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
