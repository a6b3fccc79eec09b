/** The fake Termux is as hard on a script as Termux is. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PREFIX } from './packages.ts'
import { HOME, Phone, termux } from './phone.ts'

describe.skipIf(termux.reason !== null)(termux.named('the fake Termux'), () => {
  describe.each(['coreutils', 'busybox'] as const)('with %s', userland => {
    let phone: Phone
    beforeAll(async () => {
      phone = new Phone(userland)
      await phone.on()
    })
    afterAll(() => phone.remove())

    test('has its own folders, and a user that is nobody special', async () => {
      expect(await phone.must('id -u; pwd; echo "$PREFIX"')).toBe(`10123\n${HOME}\n${PREFIX}`)
    })

    test.each(['/bin', '/usr/bin/env', '/tmp', '/sbin', '/root', '/etc/passwd'])('has no %s', async path => {
      expect((await phone.run(`[ -e ${path} ]`)).code).toBe(1)
    })

    test.each(['/stray', '/data/stray', '/usr/lib/stray', '/system/bin/stray'])(
      'lets nobody write %s',
      async path => {
        const { code, err } = await phone.run(`echo > ${path}`)
        expect(code).not.toBe(0)
        expect(err).toContain('Read-only file system')
      },
    )

    test('has no Node before it is installed, and then one that takes it for Android', async () => {
      expect((await phone.run('node -v')).code).toBe(127)
      expect((await phone.run('pkg install -y no-such-package')).code).toBe(100)
      await phone.must('pkg install -y nodejs-lts')
      expect(await phone.must('node -p process.platform')).toBe('android')
    })

    test('ends all that runs in it when it is off, and starts what lies in the boot folder', async () => {
      await phone.must(
        'mkdir -p .termux/boot && printf "%s\\n" "#!$SHELL" "termux-wake-lock" > .termux/boot/x',
      )
      await phone.must('chmod +x .termux/boot/x; (setsid sleep 1000 > "$HOME/out" 2>&1 &)')
      expect(await phone.must('ps ax')).toContain('sleep 1000')
      await phone.off()
      await phone.on({ app: false })
      expect(await phone.must('ps ax')).not.toContain('sleep 1000')
      expect(phone.calls).not.toContain('termux-wake-lock')
      await phone.off()
      await phone.on()
      expect(phone.calls.at(-1)).toBe('termux-wake-lock')
    })
  })
})
