import { expect, test } from 'vitest'
import { NodeSqlite } from '../store/sqlite/node-driver.ts'
import { whyUnfit } from '../store/sqlite/shared-sqlite.ts'

test.each([
  ['3.54.0', [], null],
  ['3.38.0', ['THREADSAFE=1', 'OMIT_DEPRECATED'], null],
  ['4.0.0', [], null],
  ['3.37.2', [], '3.37.2; the bus takes 3.38 or newer'],
  ['3.54.0', ['THREADSAFE=0'], 'compiled with THREADSAFE=0'],
  ['3.54.0', ['THREADSAFE=1', 'OMIT_WAL'], 'compiled with OMIT_WAL'],
])('SQLite %s with %j: %s', (version, options, why) => {
  if (why === null) expect(whyUnfit(version, options)).toBeNull()
  else expect(whyUnfit(version, options)).toContain(why)
})

test('the SQLite of the Node that runs this is fit', () => {
  new NodeSqlite(':memory:').close()
})
