import { expect, test } from 'vitest'
import { AUDIT_ACTIONS } from '../../service/store/records.ts'
import { readPage } from '../pages.ts'
import { follow } from './reader.ts'

const like = (pattern: RegExp) => expect.stringMatching(pattern)

test('the commands of docs/keys.md work as they are typed', async () => {
  const printed = await follow('keys.md')
  const head = like(/^number +key +open jobs +made +last used +expires +limits +owner$/)
  expect(printed.trimEnd().split('\n')).toEqual([
    ...[head, like(/^1 .* never +in 90 d +rate 600, open 50 +camera in the barn \(behind the hay\)$/)],
    ...[head, like(/^2 .* in 90 d +rate 600/), like(/^1 .* in 24 h, replaced by 2 +rate 600/)],
    ...['Revoked key 1 (camera in the barn).', 'Revoked key 2 (camera in the barn).'],
    like(/^when +action/),
    ...[
      like(/ key_created +1 /),
      like(/ key_rotated +1 /),
      like(/ key_revoked +1 /),
      like(/ key_revoked +2 /),
    ],
    ...[like(/^when +action/), like(/ key_revoked +1 /), like(/ key_revoked +2 /)],
    ...[like(/^on, since .*: new disk$/), like(/^on, since .*: new disk$/), 'off'],
  ])
})

test('docs/keys.md has every action of the audit trail', () => {
  const page = readPage('keys.md')
  for (const action of AUDIT_ACTIONS) expect(page).toContain(`\`${action}\``)
})
