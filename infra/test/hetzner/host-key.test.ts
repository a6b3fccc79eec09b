import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { installed } from '../../../service/test/support/installed.ts'
import { type HostKey, hostKeyProvider, makeHostKey } from '../../hetzner/host-key.ts'
import { revive, sourceOf } from '../revived.ts'

const keygen = installed('ssh-keygen') !== undefined
test.skipIf(!keygen)(
  `OpenSSH reads the key that is made, and finds the same public half${keygen ? '' : ' (skipped: ssh-keygen is not installed)'}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'bus-host-key-'))
    try {
      const path = join(folder, 'key')
      // The padding depends on nothing that varies, but a leading zero bit does.
      for (let n = 0; n < 20; n++) {
        const { privateKey, publicKey } = makeHostKey()
        writeFileSync(path, privateKey, { mode: 0o600 })
        const derived = execFileSync('ssh-keygen', ['-y', '-f', path], { encoding: 'utf8' })
        expect(derived).toBe(`${publicKey} intent-bus\n`)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
)

test('is another each time, and made where Pulumi runs it; nothing changes one', async () => {
  const provider = revive<typeof hostKeyProvider>(await sourceOf(() => hostKeyProvider))
  const [one, other] = [await provider.create({}), await provider.create({})]
  expect(one.id).toMatch(/^ssh-ed25519 [\w+/=]{68}$/)
  expect(one.outs!.privateKey).not.toBe(other.outs!.privateKey)
  expect(await provider.diff!(one.id, one.outs!, {} as HostKey)).toEqual({ changes: false })
})
