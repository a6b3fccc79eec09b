import { expect, test } from 'vitest'
import { follow } from './reader.ts'

test('the commands of docs/backup.md work as they are typed', async () => {
  const printed = await follow('backup.md')
  const name = 'bus-\\d{8}T\\d{6}Z(-\\d)?\\.db\\.zst'
  expect(printed).toMatch(new RegExp(`^backup +${name}\nwhere +on the bus: in BUS_BACKUP_DIR, .*\n`))
  expect(printed).toMatch(new RegExp(`^where +/.*/copies/${name}$`, 'm'))
  expect(printed).toMatch(new RegExp(`^taken +age +bytes +name\n.* ${name}\n.* ${name}\n`, 'm'))
  expect(printed).toMatch(/^Restored to the moment .* ago: what was acknowledged before is there\.$/m)
  expect(printed).toMatch(/^database +\/.*\/restored\/bus\.db$/m)
  expect(printed).toMatch(new RegExp(`^${name}: OK$`, 'm'))
})
