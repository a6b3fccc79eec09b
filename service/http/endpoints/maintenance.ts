import { secondsOrNull } from '../answers/answers.ts'
import { actorOf } from '../auth/actor.ts'
import type { MaintenanceState } from '../maintenance-mode.ts'
import { meaning, text } from '../schemas/fields.ts'
import {
  boolean,
  named,
  number,
  object,
  oneOf,
  optional,
  orNull,
  string,
  type TypeOf,
} from '../schemas/schema.ts'
import { EXAMPLE, type Terms } from './definition.ts'
import { type Endpoint, endpoint } from './endpoint.ts'

const MaintenanceBody = named(
  'MaintenanceBody',
  object({
    on: meaning('Which of the two.', boolean({ description: 'true or false' })),
    note: meaning('For other admins.', optional(text(0, 512, { 'x-trim': true }))),
  }),
)

export const MaintenanceAnswer = named(
  'MaintenanceAnswer',
  object({
    on: boolean(),
    by: orNull(oneOf(['variable', 'switch'])),
    since: orNull(
      number({ description: 'unix time in seconds; null: since the start of the bus, or not at all' }),
    ),
    note: string(),
  }),
)

const IN_MAINTENANCE = { on: true, by: 'switch', since: EXAMPLE.at, note: 'new disk' }

export const maintenanceEndpoints = (_terms: Terms): Endpoint[] => [
  endpoint({
    method: 'get',
    path: '/admin/maintenance',
    id: 'getMaintenance',
    tag: 'Admin',
    summary: 'Ask whether there is maintenance',
    access: 'admin',
    answers: {
      200: {
        description: 'Whether, since when, and whether a variable or the switch says so.',
        schema: MaintenanceAnswer,
        example: IN_MAINTENANCE,
      },
    },
  }).handledBy(
    ({ maintenance }) =>
      () =>
        maintenanceOf(maintenance.state),
  ),

  endpoint({
    method: 'post',
    path: '/admin/maintenance',
    id: 'setMaintenance',
    tag: 'Admin',
    summary: 'Begin maintenance, or end it',
    description:
      'While it is on, all but admins, metrics and health checks are answered 503. Whoever waits in a long poll is answered when it begins. It outlives a restart. Where the variable has it on, the switch is a 400.',
    access: 'admin',
    body: { fields: MaintenanceBody, example: { on: true, note: 'new disk' } },
    answers: {
      200: { description: 'How it is now.', schema: MaintenanceAnswer, example: IN_MAINTENANCE },
    },
    errors: ['invalid_payload'],
  }).handledBy(
    ({ maintenance }) =>
      async ({ request, body: { on, note = '' } }) =>
        maintenanceOf(await maintenance.switch(on, note, actorOf(request))),
  ),
]

export const maintenanceOf = ({
  on,
  by,
  since,
  note,
}: MaintenanceState): TypeOf<typeof MaintenanceAnswer> => ({
  on,
  by,
  since: secondsOrNull(since),
  note,
})
