/** What a publisher sends, without a client that would try again. */

export const post = (url: string, path: string, key: string, body: object = {}): Promise<Response> =>
  fetch(url + path, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  })

/** @returns its id @throws when it is not acknowledged */
export async function publish(
  url: string,
  key: string,
  payload: unknown,
  namespace = 'default',
): Promise<string> {
  const answer = await post(url, '/intent', key, { goal: 'kept', payload, namespace })
  if (answer.status !== 201) throw new Error(`POST /intent: ${answer.status} ${await answer.text()}`)
  return ((await answer.json()) as { id: string }).id
}

export async function statusOf(url: string, key: string, id: string): Promise<unknown> {
  const answer = await fetch(`${url}/status/${id}`, { headers: { 'x-api-key': key } })
  return ((await answer.json()) as { status?: unknown }).status
}
