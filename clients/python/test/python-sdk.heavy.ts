import { afterAll, beforeAll, describe, onTestFinished, test } from 'vitest'
import { Restartable } from './restartable.ts'
import { prove, scenariosOf } from './scenarios.ts'
import { venvWith } from './venv.ts'

/** Every SDK signs every request, so the bus takes no other. Before 2.1 they know no claim tokens. */
const VERSIONS = [
  { sdk: '2.1.2', suite: 'sdk_2', settings: { BUS_REQUIRE_SIGNATURES: 'true' } },
  {
    sdk: '2.0.4',
    suite: 'sdk_2',
    settings: { BUS_REQUIRE_SIGNATURES: 'true', BUS_REQUIRE_CLAIM_TOKEN: 'false' },
  },
  {
    sdk: '1.3.2',
    suite: 'sdk_1',
    settings: { BUS_REQUIRE_SIGNATURES: 'true', BUS_REQUIRE_CLAIM_TOKEN: 'false' },
  },
]

const venvs = await Promise.all(VERSIONS.map(({ sdk }) => venvWith(sdk)))

for (const [index, { sdk, suite, settings }] of VERSIONS.entries()) {
  const venv = venvs[index]!
  if ('reason' in venv) {
    test.skip(`Python SDK ${sdk} (skipped: ${venv.reason})`)
    continue
  }
  const scenarios = await scenariosOf(venv, suite)

  describe(`Python SDK ${sdk}`, () => {
    const shared = new Restartable({ ...settings, BUS_RATE_LIMIT: '1000000' })
    beforeAll(() => shared.start())
    afterAll(() => shared.remove())

    test.each(scenarios)('$sentence', async ({ sentence, settings: own }) => {
      if (own === null) return prove(venv, suite, sentence, shared)
      const bus = new Restartable({ ...settings, ...own })
      onTestFinished(() => bus.remove())
      await bus.start()
      await prove(venv, suite, sentence, bus)
    })
  })
}
