import { expect, test } from 'vitest'
import { EXIT } from '../../clients/cli/src/exit-codes.ts'
import { fullProgram } from '../../clients/cli/src/main.ts'
import { readPage } from '../pages.ts'
import { follow } from './reader.ts'

const page = readPage('command-line.md')
const id = expect.stringMatching(/^[0-9a-f]{32}$/)
const like = (pattern: RegExp) => expect.stringMatching(pattern)

test('the commands of docs/command-line.md work as they are typed', async () => {
  const printed = await follow('command-line.md')
  expect(printed.trimEnd().split('\n')).toEqual([
    like(/^✓ settings .*, from data\/bus\.url and data\/secrets\.env, of the bus of this directory$/),
    ...['reachable', 'clock', 'ready', 'key', 'signature', 'admin token'].map(check =>
      like(new RegExp(`^✓ ${check} `)),
    ),
    '"GOOD MORNING"',
    // Published: one by one, then a file of three.
    ...[id, id, id, id, id, id],
    '4',
    ...[like(/^id +[0-9a-f]{32}$/), like(/^status +fulfilled$/), like(/^goal +shout$/)],
    ...[like(/^namespace/), like(/^priority/), like(/^attempts +1$/), like(/^publisher +master$/)],
    ...[like(/^worker/), like(/^ended/)],
    '"GOOD MORNING"',
    like(/^id +status +published +attempts +namespace +goal +what now$/),
    ...Array(3).fill(like(/ open .* 0\/3 +default +mail +ready, only key master$/)),
    ...[
      like(/ open .* note +due in 60 min, only key master$/),
      like(/ open .* 0\/5 .* resize +ready, only key master$/),
    ],
    '5 open, 0 claimed, 0 dead, 0 workers waiting',
    ...[like(/^[0-9a-f]{32} is dead$/), like(/^[0-9a-f]{32} is open$/)],
    ...[like(/^id +status/), like(/ open .* greet +ready, only key master$/)],
    'ended with 1',
    ...[
      like(/^id +died +attempts +namespace +goal +worker +reason +last error$/),
      like(/ print +\S+ +no paper +no paper$/),
    ],
    ...['id', 'goal', 'namespace', 'publisher', 'visibility', 'attempts', 'worker', 'died'].map(field =>
      like(new RegExp(`^${field} `)),
    ),
    ...[like(/^reason +no paper$/), like(/^last error +no paper$/), like(/^payload +"page 1"$/)],
    'This would retry 1 dead intent. Nothing is done yet: add --yes.',
    'Opened again: 1.',
    'There are none that match.',
    ...[like(/^number +key/), like(/^1 +tk_.* camera in the barn$/), 'Revoked key 1 (camera in the barn).'],
    '2031-05-01',
    ...[like(/^on, since .*: new disk$/), 'off', like(/^when +action/), like(/ maintenance_on +- /)],
    ...[like(/^Saved in .*config\.json\./), like(/name +url$/), like(/^\* +home +http:\/\/localhost:\d+$/)],
    id,
    'Not done yet. This may run again: it asks for the same one.',
    'The report is there.',
    'All quiet.',
    'It is open.',
    like(/^\{"error":\{"code":"not_found","message":"[^"]+"\}\}$/),
    `ended with ${EXIT.notFound}`,
  ])
})

test('docs/command-line.md has every exit code', () => {
  const section = page.slice(page.indexOf('## What does it end with?'))
  const codes = [...section.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))
  expect(codes).toEqual(Object.values(EXIT))
})

test('docs/command-line.md tells of every command and of every option that is named there', () => {
  const program = fullProgram()
  for (const command of program.commands) {
    if (command.name() === 'complete') continue
    expect(page).toMatch(new RegExp(`\\b${command.name()}\\b`))
  }
  const all = [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)]
  const options = new Set(all.flatMap(command => command.options.map(({ long }) => long)))
  const named = [...page.matchAll(/(?<![-\w])--[a-z][a-z-]+/g)].map(([option]) => option)
  expect(named.filter(option => !options.has(option) && option !== '--global')).toEqual([])
})
