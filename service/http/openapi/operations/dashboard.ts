import { string } from '../../schemas/schema.ts'
import { INTENT_ID } from '../headers.ts'
import type { Operation, Terms } from '../operation.ts'

const button = (action: 'retry' | 'cancel'): Operation => ({
  method: 'post',
  path: `/admin/dashboard/intents/:id/${action}`,
  id: `${action}FromDashboard`,
  tag: 'Dashboard',
  summary: `Press the button "${action}" of the page`,
  description: `For programs there is \`/admin/intents/{id}/${action}\`.`,
  access: 'admin',
  parameters: [INTENT_ID],
  body: {
    media: 'application/x-www-form-urlencoded',
    schema: {
      type: 'object',
      properties: {
        token: { type: 'string', description: 'From the page: good for this button, for a while.' },
      },
      required: ['token'],
    },
    example: { token: 'from-the-page' },
  },
  answers: { 303: { description: 'Back to the page.', headers: ['Location'] } },
  errors: ['not_found'],
})

export const dashboardOperations = (_terms: Terms): Operation[] => [
  {
    method: 'get',
    path: '/admin/dashboard',
    id: 'showDashboard',
    tag: 'Dashboard',
    summary: 'Show the page',
    access: 'admin',
    answers: { 200: { description: 'A page for a browser.', media: 'text/html', schema: string() } },
  },
  button('retry'),
  button('cancel'),
]
