/** settings.env as the bus gets it, and as what installs the bus understands it. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Pretended, scripts } from './pretended.ts'

const SETTINGS = `# a comment
HOST=100.64.1.2
PORT="8081" # not 8080
  export BUS_DB_PATH='other place/jobs.db'
BUS_NAME=A & B $HOME \`id\`   # of the shed
BUS_SECRET=given
DASHBOARD_PASSWORD_FILE=password
BUS_WEBHOOK=https://x/#part
BUS_QUOTED="it's # here"
PORT=8082
BUS_EMPTY=
rm -rf "$HOME"
`

function phoneWith(settings: string): Pretended {
  const phone = new Pretended()
  phone.run(`mkdir -p intent-bus && ln -s "${join(scripts, '../..')}" release`)
  phone.write('intent-bus/settings.env', settings)
  return phone
}

/** @returns what each of these lines says to whoever installs the bus */
function installer(phone: Pretended, ...lines: string[]): string[] {
  const sourced = ['shared/say', 'lib/settings', 'lib/farewell']
    .map(name => `. ${scripts}/${name}.sh`)
    .join('; ')
  const before = `set -euo pipefail; bus_home=$HOME/intent-bus release=$HOME/release; ${sourced}`
  return lines.map(line => {
    const { code, out, err } = phone.run(`${before}; ${line}`)
    expect(err).toBe('')
    expect(code).toBe(0)
    return out.trim()
  })
}

test('a value is what stands there: no shell reads it, quotes and comments are taken off', () => {
  const phone = phoneWith(SETTINGS)
  phone.run('mkdir intent-bus/current && echo node > intent-bus/current/.sqlite-driver')
  const { code, out, err } = phone.run(`set -euo pipefail; . ${scripts}/environment.sh; env -0`)
  expect(code).toBe(0)
  expect(err).toMatch(/settings\.env: this line is not NAME=value, and does not count: rm -rf "\$HOME"\n$/)
  expect(out.split('\0')).toEqual(
    expect.arrayContaining([
      'HOST=100.64.1.2',
      'PORT=8082',
      'BUS_DB_PATH=other place/jobs.db',
      'BUS_NAME=A & B $HOME `id`',
      'BUS_WEBHOOK=https://x/#part',
      "BUS_QUOTED=it's # here",
      'BUS_EMPTY=',
      'BUS_SQLITE_DRIVER=node',
    ]),
  )
})

test('what installs the bus asks it where it listens, with the key that it takes, and finds its database', () => {
  const phone = phoneWith(SETTINGS)
  phone.write('intent-bus/other place/secrets.env', 'BUS_SECRET=made\nBUS_METRICS_TOKEN=metrics\n')
  const file = phone.write('password', 'of the file\n')
  phone.write('intent-bus/settings.env', SETTINGS.replace('_FILE=password', `_FILE=${file}`))
  expect(
    installer(
      phone,
      'here',
      'database',
      ...['BUS_SECRET', 'BUS_METRICS_TOKEN', 'DASHBOARD_PASSWORD'].map(name => `secret ${name}`),
    ),
  ).toEqual([
    'http://100.64.1.2:8082',
    join(phone.bus, 'other place/jobs.db'),
    'given',
    'metrics',
    'of the file',
  ])
})

test.each([
  ['HOST=0.0.0.0\nPORT=8080\n', 'http://127.0.0.1:8080'],
  ['HOST="127.0.0.1"\n', 'http://127.0.0.1:8080'],
  ['HOST=::\nPORT=8081 # x\n', 'http://127.0.0.1:8081'],
  ['HOST=fd00::1\nPORT=8081\n', 'http://[fd00::1]:8081'],
])('with %j it is at %s', (settings, url) => {
  expect(installer(phoneWith(settings), 'here')).toEqual([url])
})

test('--port takes the place of every line that says another', () => {
  const phone = phoneWith(SETTINGS)
  installer(phone, 'port=9000 local_only=yes; write_settings')
  expect(phone.read('intent-bus/settings.env').match(/.*(HOST|PORT)=.*/g)).toEqual([
    'PORT=9000',
    'HOST=127.0.0.1',
  ])
})

test('the key comes to the code that is scanned by a pipe, and there is none for the phone alone', () => {
  const phone = phoneWith('HOST=100.64.1.2\n')
  phone.write('intent-bus/first-device.key', 'tk_1')
  phone.command('qrencode', 'printf "arguments: %s; text: %s\\n" "$*" "$(cat)"')
  expect(installer(phone, 'farewell')[0]).toContain(
    'arguments: -t ANSIUTF8; text: BUS_URL=http://100.64.1.2:8080 BUS_API_KEY=tk_1\n',
  )
  for (const settings of ['HOST="127.0.0.1"\n', 'PORT=8080\n']) {
    phone.write('intent-bus/settings.env', settings)
    const [said] = installer(phone, 'farewell')
    expect(said).toContain('On the network   http://127.0.0.1:8080')
    expect(said).not.toContain('arguments')
  }
})
