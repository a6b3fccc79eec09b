/** JSON texts of any size that cost their reader more than others, or might. */

/** @returns a JSON text of about so many bytes */
type Filling = (bytes: number) => string

/** As often as it fits, at least once. */
const filled =
  (start: string, unit: string, end: string): Filling =>
  bytes =>
    start + unit.repeat(Math.max(1, Math.floor((bytes - start.length - end.length) / unit.length))) + end

const numbered =
  (start: string, unit: (i: number) => string, end: string): Filling =>
  bytes => {
    const parts: string[] = []
    for (let i = 0, left = bytes - start.length - end.length; left > 0; i++) {
      parts.push(unit(i))
      left -= parts.at(-1)!.length
    }
    return start + parts.join('') + end
  }

const nested =
  (open: string, leaf: string, close: string): Filling =>
  bytes => {
    const levels = Math.max(1, Math.floor(bytes / (open.length + close.length)))
    return open.repeat(levels) + leaf + close.repeat(levels)
  }

const levels = (count: number): string => `${'{"b":[1,'.repeat(count / 2)}0${']}'.repeat(count / 2)}`

export const FILLINGS: Readonly<Record<string, Filling>> = {
  'a text of digits': filled('"', '1', '"'),
  'a text of digits that is no number': filled('"', '1', 'x"'),
  'a text of blanks': filled('"', ' ', '"'),
  'a text of letters': filled('"', 'a', '"'),
  'a text of escaped quotes': filled('"', '\\"', '"'),
  'a text of backslashes': filled('"', '\\\\', '"'),
  'a text of escaped letters': filled('"', '\\u00e9', '"'),
  'a text of half pairs': filled('"', '\\ud83d', '"'),
  'a text of emoji': filled('"', '🐌', '"'),
  'a text of NULs': filled('"', '\\u0000', '"'),
  'a text of commas': filled('"', ',', '"'),
  'a text of percent signs': filled('"', '%25', '"'),
  'a number of digits': filled('1', '1', ''),
  'a fraction of digits': filled('0.', '1', ''),
  'an exponent of digits': filled('1e', '9', ''),
  'a list of numbers': filled('[0', ',1', ']'),
  'a list of texts': filled('["a"', ',"a"', ']'),
  'a list of empty lists': filled('[[]', ',[]', ']'),
  'a list of empty objects': filled('[{}', ',{}', ']'),
  'a list 10 levels deep, again and again': filled('[0', `,${levels(10)}`, ']'),
  'a list 30 levels deep, again and again': filled('[0', `,${levels(30)}`, ']'),
  'a list 990 levels deep, again and again': filled('[0', `,${levels(990)}`, ']'),
  'lists in lists': nested('[', '', ']'),
  'objects in objects': nested('{"a":', '1', '}'),
  members: numbered('{"":0', i => `,"a${i}":1`, '}'),
  'members in the wrong order': numbered('{"":0', i => `,"${1e7 - i}":1`, '}'),
  'members with escaped names': numbered('{"":0', i => `,"\\u0061${i}":1`, '}'),
  'members of one name': filled('{"":0', ',"a":1', '}'),
  'blanks in a list': filled('[', ' ', ']'),
  'lines between numbers': filled('[0', ',\r\n\t 1', ']'),
}
