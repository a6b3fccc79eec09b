/**
 * A phone whose bus comes from the tags of a repository, by git's own server, in the fake Termux with the tools of busybox. The
 * tests follow each other: each finds the phone as the one before has left it.
 */
import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../../service/test/support/ports.ts'
import { HOME, Phone, termux } from './phone.ts'
import { PhoneBus } from './phone-bus.ts'
import { layOut, versioned } from './release.ts'
import { Repository } from './repository.ts'

describe.skipIf(termux.reason !== null)(
  termux.named('a bus on a phone, from a tag'),
  () => {
    let phone: Phone
    let bus: PhoneBus
    let repository: Repository
    let url: string
    beforeAll(async () => {
      repository = new Repository()
      layOut(repository.tree, versioned('99.1.0'))
      repository.tag('v99.1.0')
      layOut(repository.tree, versioned('99.1.1'))
      repository.tag('v99.1.1')
      url = await repository.serve()
      phone = new Phone('busybox')
      await phone.on()
      bus = new PhoneBus(phone, await freePort())
    })
    afterAll(async () => {
      await phone?.remove()
      repository?.remove()
    })

    const install = (tag: string) => bus.bootstrap(`--from ${url}#${tag} --port ${bus.port} --node-sqlite`)
    const releases = () => readdirSync(phone.path(`${HOME}/intent-bus/releases`))

    test('when the line breaks while it is cloned, it says so, and leaves no release', async () => {
      repository.breaksAfter = 200_000
      const { code, err } = await install('v99.1.0')
      repository.breaksAfter = null
      expect(code).toBe(1)
      expect(err).toContain(`${url} could not be cloned at v99.1.0.`)
      expect(releases()).toEqual([])
    })

    test('run again it installs what stands at the tag; and once more, nothing is interrupted', async () => {
      const { code, out, err } = await install('v99.1.0')
      expect(err).toBe('')
      expect(code).toBe(0)
      expect(out).toContain(`Fetching ${url}, v99.1.0`)
      expect(out).toContain('Smoke suite: 8 well, 0 not')
      expect(await bus.version()).toBe('99.1.0')
      const pid = await bus.pid()
      expect((await install('v99.1.0')).code).toBe(0)
      expect(await bus.pid()).toBe(pid)
      expect(releases()).toHaveLength(1)
    })

    test('a tag that is not there leaves the bus alone', async () => {
      const pid = await bus.pid()
      const { code, err } = await install('v9')
      expect(code).toBe(1)
      expect(err).toContain('Remote branch v9 not found')
      expect(err).toContain(`It stopped: ${url} could not be cloned at v9.`)
      expect(await bus.pid()).toBe(pid)
      expect(releases()).toHaveLength(1)
    })

    test('the next tag is an upgrade', async () => {
      const [before, id] = [bus.current, await bus.publish('before-the-upgrade')]
      const { code, out } = await install('v99.1.1')
      expect(code).toBe(0)
      expect(out).toContain('Backing up')
      expect(out).toContain('Smoke suite, there: 8 well, 0 not')
      expect(await bus.version()).toBe('99.1.1')
      expect(await bus.state(id)).toBe('open')
      expect(releases().sort()).toEqual([before, bus.current].sort())
    })
  },
  240_000,
)
