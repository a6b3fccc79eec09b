/**
 * CHANGELOG.md: *Unreleased*, then each release as `## X.Y.Z - YYYY-MM-DD`, newest first. A release says first what it
 * breaks and what an upgrade takes, also when that is nothing.
 */

/** The sections of a release, in their order. */
const SECTIONS = [
  'Breaking',
  'Upgrade',
  'Security',
  'Added',
  'Changed',
  'Deprecated',
  'Removed',
  'Fixed',
] as const

type Section = { title: string; lines: string[] }

/** What stands under a `##`: its sections, each with its entries, one line per entry. */
export type Part = { title: string; sections: Section[] }

/** The two that no release leaves out, and what they say then. */
const ALWAYS = { Breaking: '- Nothing.', Upgrade: '- Nothing to do.' }

const UNRELEASED = '## Unreleased\n'

export function partsOf(changelog: string): Part[] {
  return changelog
    .split(/^## /m)
    .slice(1)
    .map(part => {
      const [title, ...sections] = part.split(/^### /m)
      return {
        title: title!.trim(),
        sections: sections.map(section => {
          const [name, ...lines] = section.split('\n')
          return { title: name!, lines: lines.filter(line => line.trim() !== '') }
        }),
      }
    })
}

/** @returns what is wrong with the sections of a part, a sentence each */
export function faultsOf({ title, sections }: Part): string[] {
  const places = sections.map(section => SECTIONS.indexOf(section.title as never))
  const faults = sections.flatMap((section, at) => {
    if (places[at] === -1) return [`${section.title} is none of ${SECTIONS.join(', ')}.`]
    if (at > 0 && places[at]! <= places[at - 1]!) return [`${section.title} comes too late, or twice.`]
    if (section.lines.length === 0) return [`${section.title} is empty.`]
    const stray = section.lines.find(line => !/^(- | {2}\S)/.test(line))
    return stray === undefined ? [] : [`An entry begins with "- ", not as "${stray.slice(0, 40)}".`]
  })
  if (title === 'Unreleased') return faults
  const left = Object.keys(ALWAYS).filter(name => !sections.some(section => section.title === name))
  return [...faults, ...left.map(name => `${name} is missing.`)]
}

/** An entry that says *Upgrade* or *Breaking* where a reader of these sections won't see it. */
export function misplacedIn({ sections }: Part): string | undefined {
  return sections
    .filter(({ title }) => !(title in ALWAYS))
    .flatMap(({ lines }) => lines)
    .find(line => /\*(?:Upgrade|Breaking)\b/.test(line))
}

/** Whether what is not released yet breaks something. */
export const breaks = (unreleased: Part): boolean =>
  unreleased.sections.some(({ title }) => title === 'Breaking')

/**
 * Moves what is under *Unreleased* under a version.
 *
 * @param date as `2026-11-28`
 * @throws when there is no heading for what is not released
 */
export function releasedAs(changelog: string, version: string, date: string): string {
  const [before, rest] = changelog.split(UNRELEASED)
  if (rest === undefined) throw new Error('CHANGELOG.md has no "## Unreleased"')
  const at = rest.search(/^## /m)
  const [body, older] = at === -1 ? [rest, ''] : [rest.slice(0, at), rest.slice(at)]
  const { sections } = partsOf(UNRELEASED + body)[0]!
  const named = (name: string) => new RegExp(`^### ${name}$`, 'm').test(body)
  const first = Object.entries(ALWAYS).map(([name, nothing]) =>
    named(name) ? section(sections.find(({ title }) => title === name)!) : `### ${name}\n\n${nothing}\n`,
  )
  const others = sections.filter(({ title }) => !(title in ALWAYS)).map(section)
  const released = [`## ${version} - ${date}\n`, ...first, ...others].join('\n')
  return `${before}${UNRELEASED}\n${released}${older && `\n${older}`}`
}

const section = ({ title, lines }: Section): string => `### ${title}\n\n${lines.join('\n')}\n`
