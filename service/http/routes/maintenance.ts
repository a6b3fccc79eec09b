import type { FastifyInstance } from 'fastify'
import { secondsOrNull, sendJson } from '../answers/answers.ts'
import { actorOf } from '../auth/actor.ts'
import { jsonBody } from '../bodies/body.ts'
import { reader } from '../bodies/read.ts'
import { knownFields } from '../json/known-fields.ts'
import type { MaintenanceState } from '../maintenance-mode.ts'
import { MaintenanceBody } from '../schemas/requests.ts'
import type { MaintenanceAnswer } from '../schemas/responses.ts'
import type { Parts } from './parts.ts'

const ADMIN = { config: { access: 'admin' } } as const

const readMaintenance = reader(MaintenanceBody)
const maintenanceFields = knownFields(MaintenanceBody)

export function maintenanceRoutes(app: FastifyInstance, { maintenance }: Parts): void {
  app.get('/admin/maintenance', ADMIN, (_request, reply) =>
    sendJson(reply, JSON.stringify(maintenanceAnswer(maintenance.state))),
  )

  app.post('/admin/maintenance', ADMIN, async (request, reply) => {
    const { on, note = '' } = readMaintenance((await jsonBody(request, maintenanceFields)).fields)
    const state = await maintenance.switch(on, note, actorOf(request))
    return sendJson(reply, JSON.stringify(maintenanceAnswer(state)))
  })
}

export const maintenanceAnswer = ({ on, by, since, note }: MaintenanceState): MaintenanceAnswer => ({
  on,
  by,
  since: secondsOrNull(since),
  note,
})
