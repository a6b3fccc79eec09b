/** What the bus is measured against: the same Fastify, the same requests, nothing done. Prints its port. */
import fastify from 'fastify'

const app = fastify()
app.post('/intent', (_request, reply) => reply.code(201).send({ ok: true }))
await app.listen({ host: '127.0.0.1', port: 0 })
console.log((app.server.address() as { port: number }).port)
