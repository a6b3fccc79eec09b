import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { NOBODY, whyNotAsNobody } from '../support/as-nobody.ts'
import { ADMIN_SECRET, busOn } from '../support/bus-process.ts'
import { Client, refusal } from '../support/client.ts'
import { freePort } from '../support/ports.ts'

const cannot = whyNotAsNobody()

/** As in a container where Docker has made the directory of the host, which is root's then. */
async function busWith(backups: (folder: string) => string) {
  const folder = mkdtempSync(join(tmpdir(), 'bus-backups-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o755)
  const data = join(folder, 'data')
  mkdirSync(data)
  chownSync(data, NOBODY, NOBODY)
  const port = await freePort()
  const env = { BUS_BACKUP_DIR: backups(folder) }
  const bus = busOn({ database: join(data, 'bus.db'), port, uid: NOBODY, env })
  onTestFinished(() => bus.kill())
  await bus.serving()
  return { bus, folder, admin: new Client(`http://127.0.0.1:${port}`, { 'x-admin-token': ADMIN_SECRET }) }
}

function rootOwned(folder: string, mode: number): string {
  const directory = join(folder, 'backups')
  mkdirSync(directory)
  chmodSync(directory, mode)
  return directory
}

describe.skipIf(cannot !== null)(
  `a directory for backups that belongs to another user${cannot === null ? '' : ` (skipped: ${cannot})`}`,
  () => {
    test.each([
      ['that may not be written to', 0o755],
      ['that may not be entered', 0o700],
    ])('%s is named with its owner, the user of the bus and the command', async (_what, mode) => {
      const { bus, admin, folder } = await busWith(within => rootOwned(within, mode))
      const { status, code, message } = refusal(await admin.post('/admin/backup'))
      expect([status, code]).toEqual([500, 'backup_failed'])
      expect(message).toContain('EACCES')
      const backups = join(folder, 'backups')
      expect(message).toContain(
        `${backups} belongs to user 0, and the bus runs as user ${NOBODY}: sudo chown -R ${NOBODY}:${NOBODY} ${backups} (in Docker: `,
      )
      expect(bus.out).toContain('the backup failed')
      expect(readdirSync(backups)).toEqual([])
    })

    test('in which one would have to be made is named, and left to its owner', async () => {
      const { admin, folder } = await busWith(within => join(within, 'backups'))
      expect(refusal(await admin.post('/admin/backup')).message).toContain(
        `${folder} belongs to user 0, and the bus runs as user ${NOBODY}: sudo install -d -m 700 -o ${NOBODY} -g ${NOBODY} ${folder}/backups (in Docker: `,
      )
    })

    test('that may not be read is named when its backups are asked for, and at the start', async () => {
      const { bus, admin, folder } = await busWith(within => rootOwned(within, 0o700))
      const told = `${join(folder, 'backups')} belongs to user 0`
      expect(refusal(await admin.get('/admin/backups')).message).toContain(told)
      expect(bus.out).toContain(told)
    })
  },
)
