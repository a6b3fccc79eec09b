import { expect, test } from 'vitest'
import { committedTypes, wireTypes } from '../wire/generate.ts'

test('src/openapi.ts is as the OpenAPI document of the bus has it (else: npm run wire)', async () => {
  expect(committedTypes()).toBe(await wireTypes())
})
