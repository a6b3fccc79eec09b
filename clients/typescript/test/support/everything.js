// What a program does with the package, in whatever runs JavaScript. Prints, or gives back, what came of it.
export async function everything({ IntentBus, LeaseLostError }, { url, key, goal }) {
  const bus = new IntentBus({ url, key, sign: true })
  const events = []
  const worker = bus.worker(goal, job => ({ doubled: job.payload * 2, attempt: job.claimAttempts }), {
    concurrency: 2,
    wait: 5,
    hooks: { onEvent: ({ name }) => events.push(name) },
  })
  const results = await Promise.all([1, 2, 3].map(payload => bus.request(goal, payload, { wait: 20 })))
  await worker.stop()

  await bus.set(`${goal}/ünï`, 'kept')
  const { id } = await bus.publish(goal, 4)
  const claim = await bus.claim({ goal })
  await bus.fail(claim, 'on purpose')
  const lost = await bus.fulfill(claim, 1).catch(error => error instanceof LeaseLostError)
  return {
    results,
    value: await bus.get(`${goal}/ünï`),
    lastError: (await bus.status(id)).lastError,
    lost,
    fulfilled: events.filter(name => name === 'intent.fulfilled').length,
    last: events.at(-1),
  }
}
