/** The image's health check, for there is no curl in it: 0 when the bus is ready, 1 and a line that says why not. */
const url = `http://127.0.0.1:${process.env.PORT || 8080}/health/ready`

try {
  const answer = await fetch(url, { signal: AbortSignal.timeout(4000) })
  process.stdout.write(await answer.text())
  process.exitCode = answer.ok ? 0 : 1
} catch (error) {
  process.stdout.write(`${url}: ${error.cause?.code ?? error.name}`)
  process.exitCode = 1
}
