import { hash } from 'node:crypto'

/** The page's only style. The content security policy admits it by its hash, and nothing else. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f4f5f7; --card: #fff; --line: #e1e5ea; --ink: #1c2430; --soft: #5d6878; --accent: #1d4ed8;
  --open: #1d4ed8; --claimed: #a34a06; --fulfilled: #15753a; --dead: #b91c1c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f141b; --card: #171e28; --line: #2b3543; --ink: #e3e9f1; --soft: #98a5b7; --accent: #8ab4ff;
    --open: #8ab4ff; --claimed: #f0b35a; --fulfilled: #5fd38a; --dead: #ff8f86;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
header, main { max-width: 76rem; margin: 0 auto; padding: 0 1rem; }
header { display: flex; flex-wrap: wrap; gap: .1rem 1rem; align-items: baseline; padding-top: 1rem; }
header a { margin-left: auto; }
h1 { font-size: 1.35rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0 0 .5rem; }
h2 .soft { font-weight: 400; }
p { margin: 0; }
a { color: var(--accent); text-underline-offset: .15em; }
.soft, small { color: var(--soft); font-size: .85rem; }
small { display: block; margin-top: .1rem; }
.notice { background: var(--card); border: 1px solid var(--line); border-left: .3rem solid var(--accent); border-radius: .4rem; padding: .6rem 1rem; margin: 1rem 0; }
.counts { display: grid; grid-template-columns: repeat(4, 1fr); gap: .75rem; margin: 1rem 0; }
.counts div, section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; }
.counts dt { color: var(--soft); }
.counts dd { margin: 0; font-size: 1.7rem; line-height: 1.2; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
section { margin: 0 0 1rem; }
section.first { margin-top: 1rem; }
.facts { display: grid; grid-template-columns: 6.5rem minmax(0, 1fr); gap: .35rem 1rem; margin: 0; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.facts code { white-space: normal; }
.facts + form { margin-top: .8rem; }
pre { margin: 0; font: .85rem/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .45rem .9rem .45rem 0; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
th:last-child, td:last-child { padding-right: 0; }
th { border-top: 0; color: var(--soft); font-weight: 500; white-space: nowrap; padding-top: 0; }
td.number { font-variant-numeric: tabular-nums; }
td.number, td.action, time { white-space: nowrap; }
td.action { text-align: right; }
time { text-decoration: underline dotted var(--line); text-underline-offset: .2em; cursor: help; }
code { font: .8rem ui-monospace, monospace; white-space: nowrap; }
.cards td:first-child { min-width: 11rem; }
td.roomy { min-width: 9rem; }
bdi { white-space: pre-wrap; }
summary { cursor: pointer; }
details[open] summary bdi { display: none; }
details[open] summary::after { content: 'less'; color: var(--soft); }
.open { color: var(--open); } .claimed { color: var(--claimed); }
.fulfilled { color: var(--fulfilled); } .dead { color: var(--dead); }
.state { font-weight: 600; }
form { margin: 0; }
button { font: inherit; padding: .2rem .8rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--ground); color: inherit; cursor: pointer; }
button:hover { border-color: var(--soft); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: .2rem; }
@media (max-width: 48rem) {
  section { overflow-x: auto; }
  .counts { grid-template-columns: repeat(2, 1fr); }
  th, td { padding-right: .6rem; }
  .cards, .cards tbody, .cards tr { display: block; }
  .cards thead, td.none { display: none; }
  .cards tr { border-top: 1px solid var(--line); padding: .7rem 0; }
  .cards tr:first-child { border-top: 0; padding-top: 0; }
  .cards tr:last-child { padding-bottom: 0; }
  .cards td { display: grid; grid-template-columns: 6.2rem minmax(0, 1fr); border: 0; padding: .1rem 0; }
  .cards td::before { content: attr(data-name); color: var(--soft); }
  .cards td:first-child { grid-template-columns: minmax(0, 1fr); font-weight: 600; }
  .cards td:first-child::before { content: none; }
  .cards td:first-child small { font-weight: 400; }
  .cards td.action { text-align: left; padding-top: .4rem; }
  button { padding: .45rem 1.2rem; }
}
`

export const STYLE_SOURCE = `'sha256-${hash('sha256', STYLE, 'base64')}'`
