/** A Docker of the tests' own is a guest on the machine. */
import { describe, expect, test } from 'vitest'
import { docker, Engine } from './engine.ts'
import { forwards, isDockerHere, rules } from './forwarding.ts'

describe.skipIf(docker.reason !== null)(docker.named('a Docker of the tests'), () => {
  test('leaves the rules of the network as they were, and forwarding', async ({ skip }) => {
    if (isDockerHere()) skip('another Docker runs here, and needs what this one would put back')
    const before = { rules: rules(), forwards: forwards() }
    const engine = await Engine.start({ images: false })
    await engine.must('network', 'create', 'tests')
    expect(rules().length).toBeGreaterThan(before.rules.length)
    expect(forwards()).toBe(true)
    await engine.stop()
    expect({ rules: rules(), forwards: forwards() }).toEqual(before)
  })
})
