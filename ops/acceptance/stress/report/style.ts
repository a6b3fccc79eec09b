/** The page in light and dark, on a desk and on a phone. Colours that most kinds of colour blindness tell apart. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --back: #f6f7f9; --card: #ffffff; --text: #1b2230; --dim: #5d6778; --line: #e3e7ee; --soft: #eef1f6;
  --publish: #2f6fdb; --claim: #b25e00; --settle: #0b8a6a; --whole: #8a3fbf;
  --good: #0b7a55; --bad: #c22f3d; --warn: #96650a; --other: #a9b3c4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #10141b; --card: #181e28; --text: #e6eaf2; --dim: #98a3b5; --line: #2a3342; --soft: #202836;
    --publish: #6ea3ff; --claim: #f0a04b; --settle: #3ecfa5; --whole: #c792f5;
    --good: #41c794; --bad: #ff7a85; --warn: #e2b45a; --other: #566274;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 28px 20px 48px; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 14px; }
h1 { font-size: 27px; line-height: 1.2; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 19px; margin: 34px 0 10px; overflow-wrap: anywhere; }
h3 { font-size: 15px; margin: 0 0 2px; }
p { margin: 6px 0; }
.dim, figcaption, th { color: var(--dim); }
.verdict { font-weight: 650; padding: 2px 12px; border-radius: 99px; border: 1.5px solid currentColor; font-size: 14px; }
.passed { color: var(--good); } .failed { color: var(--bad); } .stopped { color: var(--warn); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 14px 0; }
.tile, figure, .card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.tile { padding: 13px 16px; }
.tile b { display: block; font-size: 27px; line-height: 1.2; font-weight: 650; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
.tile span { color: var(--dim); font-size: 14px; }
.charts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 14px; align-items: start; }
figure { margin: 0; padding: 14px 16px 12px; }
figcaption { font-size: 14px; margin-bottom: 8px; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { fill: var(--dim); font-size: 13px; font-family: inherit; font-variant-numeric: tabular-nums; }
svg text.strong { fill: var(--text); font-weight: 650; }
svg text.name { font-weight: 600; font-size: 14px; }
.publish { --c: var(--publish); } .claim { --c: var(--claim); } .settle { --c: var(--settle); } .whole { --c: var(--whole); }
svg text.name { fill: var(--c); }
.fill { fill: var(--c); opacity: .17; } .stroke { fill: none; stroke: var(--c); stroke-width: 2; stroke-linejoin: round; }
.thin { stroke-width: 1.4; } .dashed { stroke-dasharray: 5 4; stroke-width: 1.5; } .dot { fill: var(--c); }
.grid { stroke: var(--line); } .floor { stroke: var(--other); }
.mark { stroke: var(--c); stroke-width: 1.6; } .mark.p99 { stroke-dasharray: 3 3; } .mark.max { stroke-width: 3; }
.error { stroke: var(--bad); stroke-width: 3; } .hover { fill: var(--text); opacity: 0; } .hover:hover { opacity: .07; }
.bar.this { fill: var(--settle); } .bar.other { fill: var(--other); }
.key { display: inline-block; width: 18px; height: 0; border-top: 3px solid var(--c); vertical-align: middle; margin: 0 4px 2px 0; }
.key.dash { border-top-style: dashed; border-top-width: 2px; }
.card { padding: 4px 16px; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 15px; font-variant-numeric: tabular-nums; }
th { font-weight: 500; font-size: 14px; } th, td { text-align: right; padding: 7px 0 7px 12px; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tr + tr > * { border-top: 1px solid var(--line); }
.checks { padding: 12px 16px; margin-top: 12px; }
.checks ul { list-style: none; margin: 6px 0 4px; padding: 0; font-size: 15px; }
.checks li { padding: 3px 0 3px 24px; position: relative; overflow-wrap: anywhere; }
.checks li::before { position: absolute; left: 2px; font-weight: 700; }
.checks .yes::before { content: "✓"; color: var(--good); } .checks .no::before { content: "✗"; color: var(--bad); }
.checks .unknown::before { content: "–"; color: var(--dim); }
.saw { color: var(--dim); font-size: 14px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 5px 16px; margin: 10px 0; font-size: 15px; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
code { font: 14px/1.4 ui-monospace, "SF Mono", Menlo, Consolas, monospace; background: var(--soft); padding: 1px 6px; border-radius: 5px; overflow-wrap: anywhere; }
.warning { color: var(--warn); }
@media (max-width: 720px) {
  main { padding: 20px 14px 36px; }
  .charts { grid-template-columns: minmax(0, 1fr); }
  .tiles { grid-template-columns: repeat(2, 1fr); gap: 10px; }
  .tile { padding: 11px 13px; } .tile b { font-size: 23px; }
  svg text { font-size: 15px; } svg text.name { font-size: 15px; }
  .card { padding: 2px 12px; } th, td { padding-left: 8px; } table { font-size: 14px; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 8px; }
}
@media print { body { background: none; } figure, .card, .tile { break-inside: avoid; } }
`
