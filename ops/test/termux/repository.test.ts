/** bootstrap.sh --from URL.git#TAG: which release comes of a tag. */
import { cpSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Pretended } from './pretended.ts'
import { Repository } from './repository.ts'

function published(...tags: string[]): { phone: Pretended; repository: Repository } {
  const phone = new Pretended()
  const repository = new Repository()
  onTestFinished(() => repository.remove())
  cpSync(phone.release('source'), repository.tree, { recursive: true })
  for (const tag of tags) repository.tag(tag)
  return { phone, repository }
}

test('a tag is a release: the same when it is asked for again, another when it is the next', () => {
  const { phone, repository } = published('v1', 'v2')
  const line = (tag: string) => `bash source/ops/termux/bootstrap.sh --from ${repository.fileUrl}#${tag}`
  const releases = () => readdirSync(join(phone.bus, 'releases'))
  for (const tag of ['v1', 'v1', 'v2']) {
    expect(phone.run(line(tag))).toMatchObject({
      code: 0,
      out: expect.stringContaining(`Fetching ${repository.fileUrl}, ${tag}\n`),
      err: '',
    })
    expect(existsSync(join(phone.bus, '.fetched')), 'what was fetched is not kept').toBe(false)
  }
  const [first, again, next] = phone.setUps
  expect(again).toBe(first)
  expect(next).not.toBe(first)
  expect(releases()).toHaveLength(2)
  // Without a tag it is what stands at the head.
  expect(phone.run(`bash source/ops/termux/bootstrap.sh --from ${repository.fileUrl}`).code).toBe(0)
  expect(phone.setUps.at(-1)).toBe(next)
})

test('a tag that is not there is named, and nothing changes', () => {
  const { phone, repository } = published('v1')
  const { code, err } = phone.run(
    `bash source/ops/termux/bootstrap.sh --from ${repository.fileUrl}#v9 --node-sqlite`,
  )
  expect(code).toBe(1)
  expect(err).toContain(`It stopped: ${repository.fileUrl} could not be cloned at v9.`)
  expect(err).toContain('Check the address, the tag and the network')
  expect(readdirSync(join(phone.bus, 'releases'))).toEqual([])
  expect(existsSync(join(phone.home, 'set-up'))).toBe(false)
})

test('a checksum is held against what comes of a tag', () => {
  const { phone, repository } = published('v1')
  const { code, err } = phone.run(
    `bash source/ops/termux/bootstrap.sh --from ${repository.fileUrl}#v1 --sha256 ${'0'.repeat(64)}`,
  )
  expect(code).toBe(1)
  expect(err).toContain('is not what its checksum says')
  expect(readdirSync(join(phone.bus, 'releases'))).toEqual([])
})

test('what a clone that was killed has left is not in the way of the next', () => {
  const { phone, repository } = published('v1')
  phone.write('intent-bus/.fetched/clone/half/of/it', '')
  const line = `bash source/ops/termux/bootstrap.sh --from ${repository.fileUrl}#v1`
  expect(phone.run(line)).toMatchObject({ code: 0, err: '' })
})
