import { expect, test } from 'vitest'
import { withStorageLog } from '../log/storage-log.ts'
import { createMetrics } from '../metrics/metrics.ts'

test('a commit that fails is counted each time, and said once a second', async () => {
  const lines: { fields: object; line: string }[] = []
  const metrics = createMetrics({ version: 'test' })
  const observer = withStorageLog(metrics, { error: (fields, line) => lines.push({ fields, line }) })
  const error = new Error('SQLITE_FULL: database or disk is full')
  for (let i = 0; i < 5; i += 1) observer.storageFailed('full', error)
  observer.committed(1, 1)
  expect(lines).toEqual([{ fields: { err: error }, line: 'a commit failed: the disk is full' }])
  expect(await metrics.text()).toContain('intent_bus_storage_failures_total{reason="full"} 5')
})
