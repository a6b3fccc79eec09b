import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Pretended, scripts } from './pretended.ts'

const LOOK = `set -euo pipefail; bus_home=$HOME release=${join(scripts, '../..')}
for name in shared/say lib/node; do . ${scripts}/$name.sh; done; must_have_node; echo goes on`

test('the Node that the bus takes is taken', () => {
  expect(new Pretended().run(LOOK)).toEqual({ code: 0, out: 'goes on\n', err: '' })
})

test.each([
  ['one that is too old', '22.17.1', 'v22.17.1'],
  ['one that does not start', '', 'it does not start'],
])('%s is said, with what helps', (_, version, said) => {
  const phone = new Pretended()
  const older = phone.write(
    'older.cjs',
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`,
  )
  phone.command(
    'node',
    version === ''
      ? 'exit 127'
      : `[ "$1" != -v ] || { echo v${version}; exit; }; exec ${process.execPath} --require ${older} "$@"`,
  )
  const { code, err } = phone.run(LOOK)
  expect(code).toBe(1)
  expect(err).toContain(`It stopped: Node does not start, or is too old (${said}).\npkg upgrade`)
})
