/** What becomes of the bus that the suite is put to: it is emptied again and again. */
import { Failure } from '../../../clients/cli/src/failure.ts'
import type { Elsewhere } from '../../../service/test/support/where.ts'
import { call, expectStatus, fieldsOf } from '../smoke/call.ts'
import { isOfSmoke } from '../smoke/work.ts'

/** What an overview shows at most: beyond that nobody knows what they are. */
const MOST_SHOWN = 50

/** @throws {Failure} when the bus holds what somebody may want, and `erase` does not say that it may go */
export async function refuseWhatHoldsWork({ url, adminToken }: Elsewhere, erase: boolean): Promise<void> {
  const reply = await call(url, '/admin/overview', { headers: { 'x-admin-token': adminToken } })
  expectStatus(reply, 200, 'GET /admin/overview with the admin token')
  const { namespaces, namespace_count } = fieldsOf(reply, 'GET /admin/overview') as {
    namespaces: { namespace: string }[]
    namespace_count: number
  }
  if (erase) return
  const strange = namespaces.map(({ namespace }) => namespace).filter(name => !isOfSmoke(name))
  if (strange.length === 0 && namespace_count <= MOST_SHOWN) return
  throw new Failure(
    `The bus holds intents, in ${strange.slice(0, 3).join(', ') || `${namespace_count} namespaces`}: this run would delete them. --erase says that it may.`,
  )
}

/** Empties it a last time, and opens it: a test that failed may have left it in maintenance. */
export async function leaveWell({ url, adminToken }: Elsewhere): Promise<void> {
  for (const [path, body] of [
    ['/admin/maintenance', { on: false }],
    ['/admin/purge', { confirm: true }],
  ] as const) {
    const reply = await call(url, path, { method: 'POST', headers: { 'x-admin-token': adminToken }, body })
    expectStatus(reply, 200, `POST ${path}`)
  }
}
