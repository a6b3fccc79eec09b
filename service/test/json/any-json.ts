/** JSON texts for properties: as programs print them, and as nobody would. */
import fc from 'fast-check'

const space = fc.constantFrom('', '', '', ' ', '\n', '\t ', '\r\n')

const character = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }).map(c => JSON.stringify(c).slice(1, -1)),
  fc.constantFrom(
    '\\"',
    '\\\\',
    '\\/',
    '\\b',
    '\\n',
    '\\u0041',
    '\\u00e9',
    '\\ud83d\\udc1b',
    '\\ud800',
    '\\udc00',
    '\\u0000',
    'é',
    '🐛',
    '\u2028',
    '!',
    '#',
    ',',
    ']',
  ),
)
const text = fc.array(character, { maxLength: 6 }).map(parts => `"${parts.join('')}"`)
/** Few, so that they repeat, and order is tried among those that begin alike. */
const name = fc.oneof(
  text,
  fc.constantFrom('"a"', '"\\u0061"', '"a!"', '"a b"', '"aa"', '"é"', '"\\u00e9"', '""'),
)

const scalar = fc.oneof(
  text,
  fc.constantFrom('0', '-0', '1.0', '1e5', '1E+5', '-12.5e-3', '123456789012345678901234567890', '1e999'),
  fc.constantFrom('true', 'false', 'null'),
)

const joined = (open: string, close: string, parts: readonly string[], gaps: readonly string[]) =>
  `${open}${gaps[0]}${parts.join(`${gaps[1]},${gaps[2]}`)}${gaps[3]}${close}`
const gaps = fc.array(space, { minLength: 4, maxLength: 4 })

const { value, object } = fc.letrec<{ value: string; array: string; object: string }>(tie => ({
  value: fc.oneof({ maxDepth: 6, depthIdentifier: 'json' }, scalar, tie('array'), tie('object')),
  array: fc
    .tuple(fc.array(tie('value'), { maxLength: 5, depthIdentifier: 'json' }), gaps)
    .map(([items, between]) => joined('[', ']', items, between)),
  object: fc
    .tuple(fc.array(fc.tuple(name, space, tie('value')), { maxLength: 6, depthIdentifier: 'json' }), gaps)
    .map(([members, between]) =>
      joined(
        '{',
        '}',
        members.map(([key, gap, inner]) => `${key}${gap}:${gap}${inner}`),
        between,
      ),
    ),
}))

/** Texts that are JSON. Names may repeat. */
export const anyJson: fc.Arbitrary<string> = fc
  .tuple(space, value, space)
  .map(([before, inner, after]) => before + inner + after)

export const anyObject: fc.Arbitrary<string> = object

/** Texts that are JSON, or nearly: some characters taken away, put in or exchanged. */
export const nearlyJson: fc.Arbitrary<string> = fc
  .tuple(
    anyJson,
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.constantFrom('cut', 'put', 'end'),
        fc.constantFrom(...'[]{}",:0123.-+eE\\utrfn \n\u0001x\u00e9'),
      ),
      { maxLength: 2 },
    ),
  )
  .map(([json, changes]) => {
    let changed = json
    for (const [where, how, character] of changes) {
      const at = changed.length === 0 ? 0 : where % changed.length
      if (how === 'end') changed = changed.slice(0, at)
      else
        changed =
          changed.slice(0, at) + (how === 'put' ? character : '') + changed.slice(how === 'put' ? at : at + 1)
    }
    return changed.isWellFormed() ? changed : json
  })
