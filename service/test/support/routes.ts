import type { FastifyInstance } from 'fastify'

/** An app's routes (`GET /status/:id`), read from the tree that it prints. */
export function routesOf(app: FastifyInstance): string[] {
  const names: string[] = []
  const found: string[] = []
  for (const line of app.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indent = '', name = '', methods = ''] =
      /^((?:[│ ] {3})*)[├└]── (\S+)(?: \((.*)\))?$/.exec(line) ?? []
    names.splice(indent.length / 4, names.length, name)
    for (const method of methods.split(', ').filter(Boolean)) found.push(`${method} ${names.join('')}`)
  }
  return found
}
