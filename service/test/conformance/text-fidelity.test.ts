import { beforeEach, describe, expect, test } from 'vitest'
import { busForFile, busForTest } from '../support/bus.ts'
import type { Answer } from '../support/client.ts'

const bus = await busForFile()
const { master } = bus

beforeEach(() => bus.admin.post('/admin/purge', { confirm: true }))

/** JSON texts that a parser would read and print as something else. */
const KEPT_TO_THE_LETTER: [what: string, json: string][] = [
  ['an integer beyond 2^53', '9007199254740993'],
  ['a negative one', '-9007199254740993'],
  ['an integer of 30 digits', '123456789012345678901234567890'],
  ['a whole float', '1.0'],
  ['a float of 50 digits', '3.14159265358979323846264338327950288419716939937510'],
  ['an exponent', '1e5'],
  ['an exponent with a sign', '1.50E+05'],
  ['a number beyond all floats', '1e400'],
  ['minus zero', '-0'],
  ['minus zero as a float', '-0.0'],
  ['a lone surrogate', '"\\ud800"'],
  ['surrogates in the wrong order', '"\\udc1b\\ud83d"'],
  ['an escaped pair', '"\\ud83d\\udc1b"'],
  ['the same character as it is', '"🐛"'],
  ['escapes in capitals', '"\\u00E9\\uD83D\\uDC1B"'],
  ['escapes nobody needs', '"\\u0061\\/\\u007f"'],
  ['every short escape', '"\\"\\\\\\/\\b\\f\\n\\r\\t"'],
  ['an escaped NUL', '"\\u0000"'],
  ['line separators', '"\u2028\u2029"'],
  ['a byte order mark in a string', '"\ufeff"'],
  ['a combining accent', '"e\u0301"'],
  ['white space in a string', '"  two  spaces \u00a0 \u3000 "'],
  ['JSON in a string', '"{ \\"a\\" : [ 1 , 2 ] }"'],
  ['a backslash before the closing quote', '["\\\\","x"]'],
  ['keys in their own order', '{"b":1,"a":2,"10":3,"9":4}'],
  ['a key that stands twice', '{"a":1,"a":2}'],
  ['an empty key', '{"":{"":""}}'],
  ['an escaped key', '{"\\u0061":1}'],
  ['__proto__', '{"__proto__":{"polluted":true},"constructor":1,"toString":2}'],
  ['__proto__, deeper', '[{"__proto__":null}]'],
  ['nothing', 'null'],
  ['nothing in a list', '[null,false,"",[],{}]'],
]

const WHITE_SPACE_GOES: [sent: string, kept: string][] = [
  ['  1.0  ', '1.0'],
  ['{ "b" : 1 ,\r\n\t"a" : [ 1 , 2.50 , { } , [ ] ] }', '{"b":1,"a":[1,2.50,{},[]]}'],
  ['[ "  a  " , "\\" , \\\\" ]', '["  a  ","\\" , \\\\"]'],
  ['{ " key " : " : " }', '{" key ":" : "}'],
]

const EACH: [what: string, sent: string, kept: string][] = [
  ...KEPT_TO_THE_LETTER.map(([what, json]): [string, string, string] => [what, json, json]),
  ...WHITE_SPACE_GOES.map(([sent, kept]): [string, string, string] => ['white space', sent, kept]),
]

const publish = async (json: string): Promise<string> =>
  (await master.post('/intent', `{"goal":"work","payload":${json},"priority":1}`)).json.id

/** That the JSON text of a member stands in an answer just so, whatever comes after it. */
function expectMember({ text }: Answer, name: string, json: string): void {
  expect(() => JSON.parse(text)).not.toThrow()
  expect(`${text.slice(0, -1)},"`).toContain(`"${name}":${json},"`)
}

describe('a payload comes back to the letter, less the white space between its tokens', () => {
  test.each(EACH)('%s: %s', async (_what, sent, kept) => {
    const id = await publish(sent)
    expectMember(await master.post('/claim'), 'payload', kept)
    expectMember(await bus.admin.get(`/admin/intents/${id}`), 'payload', kept)
    await bus.admin.post(`/admin/intents/${id}/cancel`)
    expectMember(await bus.admin.get(`/admin/dead/${id}`), 'payload', kept)
  })
})

describe('a result does, too', () => {
  test.each(EACH.filter(([, sent]) => sent !== 'null'))('%s: %s', async (_what, sent, kept) => {
    const { id, claim_token } = await master.claimed()
    await master.post(`/fulfill/${id}`, `{"result":${sent},"claim_token":"${claim_token}"}`)
    expectMember(await master.get(`/result/${id}`), 'result', kept)
    expectMember(await bus.admin.get(`/admin/intents/${id}`), 'result', kept)
  })
})

test('a text result comes back as the string that was sent', async () => {
  for (const text of ['', ' 1.0 ', '"quoted"', 'null', 'Zeile 1\n\t🐛\\', '\u2028', '\ufeffx']) {
    const claim = await master.claimed()
    await master.fulfil(claim, { result: text, result_type: 'text' })
    const { json } = await master.get(`/result/${claim.id}`)
    expect(json).toMatchObject({ result: text, result_type: 'text' })
  }
})

test('payload and result are the same after a restart, and a payload in a later attempt', async () => {
  const json = '{"n":123456789012345678901234567890,"f":1.0,"s":"\\ud800","":-0}'
  const restarted = await busForTest()
  await restarted.master.post('/intent', `{"goal":"work","payload":${json}}`)
  await restarted.master.claim()
  await restarted.restart()
  await restarted.clock.advance(3_600_000)
  const answer = await restarted.master.post('/claim')
  const { id, claim_attempts, claim_token } = answer.json
  expect(claim_attempts).toBe(2)
  expectMember(answer, 'payload', json)
  await restarted.master.post(`/fulfill/${id}`, `{"claim_token":"${claim_token}","result":${json}}`)
  await restarted.restart()
  expectMember(await restarted.master.get(`/result/${id}`), 'result', json)
})
