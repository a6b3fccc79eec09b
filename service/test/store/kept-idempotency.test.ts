import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { busOn, MASTER_KEY } from '../support/bus-process.ts'
import { Client } from '../support/client.ts'
import { freePort } from '../support/ports.ts'

/** Bodies with all that a fingerprint could be unsure of, and the one that the version before bodies were scanned has kept for each. */
const KEPT = [
  {
    body: '{"goal":"work","payload":{"b":1.0,"a":123456789012345678901234567890,"é":"\\u00e9\\ud800","x":[1e5, -0, 1E+5 ]},"unknown":{"z": [ {"d":2,"c":3} ],"\\u0061":"\\/"},"priority":"7"}',
    fingerprint: '0bc0cd4cdd245c2fd545114ee9f4237bcd0b490a433c94d64513989ccd58052f',
  },
  {
    body: ` { "payload" : "\\u0041" , "goal" : "work", "deep": ${'[{"b":'.repeat(20)}{"y" : 1, "x" : 2 }${'}]'.repeat(20)} } `,
    fingerprint: '1fdc03a988bb8c8d17452ff982a84b6dcde1047564f1273a0d05c1c7d0fa6a9f',
  },
  {
    body: '{"goal":"work","payload":null,"__proto__":{"a":1},"n":1e999}',
    fingerprint: 'b4a42437a080eb65856d24be6de5cd351c27be5e2c4d9168c226d6ed3cd5f2bc',
  },
]

test('an idempotency key of the version before still knows its body, sent alone or in a batch', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bus-kept-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const database = join(folder, 'bus.db')
  const start = async () => {
    const bus = busOn({ database, port: await freePort() })
    onTestFinished(() => bus.kill())
    await bus.serving()
    return { bus, client: new Client(`http://127.0.0.1:${bus.port}`, { 'x-api-key': MASTER_KEY }) }
  }
  const publishAll = (client: Client) =>
    Promise.all(
      KEPT.map(
        async ({ body }, i) => (await client.post('/intent', body, { 'idempotency-key': `${i}` })).json.id,
      ),
    )

  const before = await start()
  const ids = await publishAll(before.client)
  await before.bus.stop()
  const stored = new Sqlite(database)
  for (const [i, { fingerprint }] of KEPT.entries()) {
    stored.prepare('UPDATE idempotency_keys SET fingerprint = ? WHERE key = ?').run(fingerprint, `${i}`)
  }
  stored.close()

  const { client } = await start()
  expect(await publishAll(client)).toEqual(ids)
  const items = KEPT.map(({ body }, i) => body.trim().replace(/\}$/, `,"idempotency_key":"${i}"}`))
  const { json } = await client.post('/intents', `{"intents":[${items.join(',')}]}`)
  expect(json.intents.map(({ id }: { id: string }) => id)).toEqual(ids)
})
