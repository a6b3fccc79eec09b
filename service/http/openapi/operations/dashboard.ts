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

const shortcut = (path: string): Operation => ({
  method: 'get',
  path,
  id: `go${path.replace('/', '').replace(/^./, first => first.toUpperCase())}`,
  tag: 'Dashboard',
  summary: 'Go to the page',
  access: 'open',
  answers: { 302: { description: 'To the page.', headers: ['Location'] } },
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
  {
    method: 'get',
    path: '/admin/dashboard/intents/:id',
    id: 'showIntent',
    tag: 'Dashboard',
    summary: 'Show one intent',
    description: 'For programs there is `/admin/intents/{id}`.',
    access: 'admin',
    parameters: [INTENT_ID],
    answers: { 200: { description: 'A page for a browser.', media: 'text/html', schema: string() } },
    errors: ['not_found'],
  },
  button('retry'),
  button('cancel'),
  shortcut('/admin'),
  shortcut('/dashboard'),
]
