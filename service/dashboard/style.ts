import { hash } from 'node:crypto'

/** The page's only style. The content security policy admits it by its hash, and nothing else. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #fff; --line: #dfe3e8; --ink: #1c2430; --soft: #5d6878;
  --open: #2563eb; --claimed: #b45309; --fulfilled: #15803d; --dead: #b91c1c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f141b; --card: #171e28; --line: #2b3543; --ink: #e3e9f1; --soft: #94a1b3;
    --open: #7aa7ff; --claimed: #f0b35a; --fulfilled: #5fd38a; --dead: #ff8a80;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1rem; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; }
h1 { font-size: 1.35rem; margin: 0; }
h2 { font-size: 1rem; margin: 0 0 .5rem; }
.soft { color: var(--soft); font-size: .87rem; }
.counts { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .75rem; margin: 1rem 0; padding: 0; }
.counts div, section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .75rem 1rem; }
.counts dt { color: var(--soft); }
.counts dd { margin: 0; font-size: 1.7rem; font-weight: 600; font-variant-numeric: tabular-nums; }
section { margin: 0 0 1rem; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .87rem; }
th, td { text-align: left; padding: .4rem .75rem .4rem 0; border-top: 1px solid var(--line); vertical-align: top; }
thead th { border-top: 0; color: var(--soft); font-weight: 500; white-space: nowrap; }
td.wide { overflow-wrap: anywhere; min-width: 9rem; }
td.number { font-variant-numeric: tabular-nums; }
code { font: .8rem ui-monospace, monospace; }
.open { color: var(--open); } .claimed { color: var(--claimed); }
.fulfilled { color: var(--fulfilled); } .dead { color: var(--dead); }
form { margin: 0; }
button { font: inherit; padding: .2rem .7rem; border: 1px solid var(--line); border-radius: .4rem; background: transparent; color: inherit; cursor: pointer; }
button:hover, button:focus-visible { border-color: var(--ink); }
`

export const STYLE_SOURCE = `'sha256-${hash('sha256', STYLE, 'base64')}'`
