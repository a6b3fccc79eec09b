import { expect, test } from 'vitest'
import { readPage } from '../pages.ts'
import { follow } from './reader.ts'

test('the command of docs/host.md looks at all that its table names, and at nothing else', async () => {
  const printed = await follow('host.md')
  const named = [...readPage('host.md').matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \|/gm)].flatMap(([, checks]) =>
    [...checks!.matchAll(/`([^`]+)`/g)].map(([, check]) => check!),
  )
  const found = printed.split('\n').flatMap(line => /^[✓!✗-] (\S+(?: \S+)?) {1,}/.exec(line)?.[1] ?? [])
  const looked = named.filter(check => printed.match(new RegExp(`^[✓!✗-] ${check} `, 'm')))
  // Missing only when there is nothing to say of it.
  expect(named.filter(check => !looked.includes(check))).toEqual(['bus.key'])
  expect(found.length).toBeGreaterThanOrEqual(looked.length)
  for (const line of found) expect(named.some(check => `${line} `.startsWith(`${check} `))).toBe(true)
})
