import { greeting } from '../../routes/root.ts'
import { object, string } from '../../schemas/schema.ts'
import type { Operation, Terms } from '../operation.ts'

export const aboutOperations = ({ version }: Terms): Operation[] => [
  {
    method: 'get',
    path: '/',
    id: 'getGreeting',
    tag: 'Health',
    summary: 'Say that this is an Intent Bus, and where to look',
    access: 'open',
    answers: {
      200: {
        description:
          'Its name and version in the first line, then the paths of the dashboard, of this document and of the health check.',
        media: 'text/plain',
        schema: string(),
        example: greeting(version),
      },
    },
  },
  {
    method: 'get',
    path: '/openapi.json',
    id: 'getOpenApi',
    tag: 'Health',
    summary: 'Get this document',
    description:
      'It tells nothing secret, so it needs no credentials. HTTPS and maintenance are asked for as usual.',
    access: 'public',
    answers: {
      200: {
        description: 'An OpenAPI 3.1 document.',
        schema: object({ openapi: string({ pattern: '^3\\.1\\.' }) }),
      },
    },
  },
]
