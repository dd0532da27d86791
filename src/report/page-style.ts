/**
 * The look of every report page, light and dark. Colours of text keep at least 4.5 : 1 against what is behind them
 * (WCAG 2.2 AA) in both.
 */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --panel: #f5f6f8; --line: #d5d9e0; --text: #1b1f27; --quiet: #565e6c; --link: #1a56c4;
  --good: #14672f; --good-soft: #e3f4e8; --bad: #a8161d; --bad-soft: #fdeaea;
  --unsure: #7a4b00; --unsure-soft: #fdf1dc; --muted-soft: #eceef2;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171c; --panel: #1d2128; --line: #363c47; --text: #e7eaef; --quiet: #a4adbb; --link: #8ab4ff;
    --good: #7ddb99; --good-soft: #17301f; --bad: #ff9c9c; --bad-soft: #3b1a1d;
    --unsure: #f2c36b; --unsure-soft: #372a13; --muted-soft: #272c35;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 76rem; background: var(--page); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { position: static; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .75rem; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .75rem; padding-top: .75rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
.kicker { margin: 0; color: var(--quiet); letter-spacing: .04em; }
.verdict { display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: baseline; margin: 0 0 1.25rem; padding: .75rem 1rem;
  border-radius: .5rem; border-left: .375rem solid var(--quiet); background: var(--panel); }
.verdict.good { border-color: var(--good); } .verdict.bad { border-color: var(--bad); } .verdict.unsure { border-color: var(--unsure); }
.verdict .badge { font-size: 1.05rem; }
.badge { display: inline-block; padding: 0 .5rem; border-radius: .75rem; font-size: .875rem; font-weight: 600; white-space: nowrap;
  background: var(--muted-soft); color: var(--quiet); }
.badge.good { background: var(--good-soft); color: var(--good); }
.badge.bad { background: var(--bad-soft); color: var(--bad); }
.badge.unsure { background: var(--unsure-soft); color: var(--unsure); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: .75rem 1.5rem; margin: 0; }
.facts dt { color: var(--quiet); font-size: .875rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 1.25rem 0 0; padding: 0; list-style: none; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
caption { text-align: left; color: var(--quiet); padding-bottom: .375rem; }
th, td { text-align: left; vertical-align: top; padding: .375rem .75rem .375rem 0; border-bottom: 1px solid var(--line); }
td + th { white-space: nowrap; }
thead th { color: var(--quiet); font-weight: 600; border-bottom-width: 2px; }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; background: var(--panel); }
summary { cursor: pointer; padding: .5rem .875rem; overflow-wrap: anywhere; }
details:target { border-color: var(--link); }
details[open] > summary { border-bottom: 1px solid var(--line); }
.inside { padding: .25rem .875rem .75rem; }
.inside details { background: var(--page); }
code, pre, kbd { font-family: var(--mono); font-size: .875em; }
pre { margin: .375rem 0; padding: .625rem .75rem; overflow-x: auto; border: 1px solid var(--line); border-radius: .375rem;
  background: var(--page); white-space: pre-wrap; overflow-wrap: anywhere; }
.quiet { color: var(--quiet); }
footer { margin-top: 3rem; border-top: 1px solid var(--line); color: var(--quiet); font-size: .875rem; }
@media print { body { max-width: none; padding: 0; } nav, .skip { display: none; } details { break-inside: avoid; } }
`
