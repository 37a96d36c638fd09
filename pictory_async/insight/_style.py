"""The style sheet of the HTML report, for light and dark mode and for print."""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f4f5f8; --card: #ffffff; --ink: #171a21; --soft: #5b6372; --line: #e1e4ea; --link: #2b4fd0;
  --saved: #c2620a; --rendered: #16794a; --tint: #eef0f5;
  --good: #116239; --good-tint: #ddf3e6; --warn: #8a4b08; --warn-tint: #fdeed9;
  --busy: #1f47b4; --busy-tint: #e1e9fd; --none: #555d6b; --none-tint: #e9ebf0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101319; --card: #191d26; --ink: #e9ecf2; --soft: #9aa3b4; --line: #2c3240; --link: #9db4ff;
    --saved: #f0a14d; --rendered: #4cc38a; --tint: #212633;
    --good: #7fe0b0; --good-tint: #12382a; --warn: #f6c48a; --warn-tint: #422b10;
    --busy: #b4c6ff; --busy-tint: #1e2d5c; --none: #b3bac7; --none-tint: #2a303c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 68rem; padding: 2.5rem 1.25rem 4rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", sans-serif;
}
a { color: var(--link); text-underline-offset: .15em; }
a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 4px; }
h1, h2, h3, p, ol, ul, dl, dd { margin: 0; padding: 0; }
h1 { font-size: 1.75rem; line-height: 1.2; letter-spacing: -.015em; }
h2 { font-size: 1.3rem; line-height: 1.3; overflow-wrap: anywhere; }
h3 { font-size: .78rem; letter-spacing: .06em; text-transform: uppercase; color: var(--soft); margin-bottom: .4rem; }
time, .number { font-variant-numeric: tabular-nums; }
.soft { color: var(--soft); }
.top { margin-bottom: 1.75rem; }
.logo { max-height: 3.5rem; max-width: 16rem; margin-bottom: .9rem; display: block; }
.watch { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .9rem; min-width: 0; }
.watch a {
  background: var(--link); color: var(--card); padding: .45rem 1.1rem; border-radius: 8px; font-weight: 600;
  text-decoration: none;
}
.watch .id { min-width: 0; }
summary { padding: .7rem 1.4rem; color: var(--soft); cursor: pointer; font-size: .92rem; }
details > .id { padding: 0 1.4rem; }
.counts { display: flex; flex-wrap: wrap; gap: .5rem; list-style: none; margin-top: .9rem; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 14px; margin-bottom: 1.5rem;
  overflow: hidden; break-inside: avoid;
}
.badge {
  display: inline-block; padding: .1rem .65rem; border-radius: 99px; font-size: .84rem; font-weight: 600;
  white-space: nowrap;
}
.good { background: var(--good-tint); color: var(--good); }
.warn { background: var(--warn-tint); color: var(--warn); }
.busy { background: var(--busy-tint); color: var(--busy); }
.none { background: var(--none-tint); color: var(--none); }
.wide { overflow-x: auto; }
.overview { border-collapse: collapse; width: 100%; font-size: .92rem; }
.overview th, .overview td { padding: .55rem .8rem; text-align: left; border-top: 1px solid var(--line); }
.overview thead th { border-top: 0; color: var(--soft); font-size: .8rem; font-weight: 600; white-space: nowrap; }
.overview tbody th { font-weight: 600; min-width: 11rem; max-width: 20rem; overflow-wrap: anywhere; }
.overview tbody a { text-decoration: none; }
.overview tbody a:hover { text-decoration: underline; }
.overview .number { text-align: right; white-space: nowrap; }
.overview .axis { width: 26%; min-width: 10rem; }
.overview thead button { all: unset; cursor: pointer; width: 100%; }
.overview thead button:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 4px; }
[aria-sort="ascending"] button::after { content: " ↑"; }
[aria-sort="descending"] button::after { content: " ↓"; }
.filter { display: flex; flex-wrap: wrap; align-items: center; gap: .6rem .9rem; padding: .8rem; }
.filter input {
  font: inherit; color: inherit; background: var(--page); border: 1px solid var(--line); border-radius: 8px;
  padding: .35rem .7rem; width: min(20rem, 100%);
}
.ends { display: flex; justify-content: space-between; gap: 1rem; font-weight: 400; white-space: nowrap; }
svg { display: block; width: 100%; height: 18px; overflow: visible; }
.rail { stroke: var(--line); stroke-width: 2; }
.span { stroke: var(--soft); stroke-width: 2; }
.busy-span { stroke: var(--busy); stroke-width: 4; }
.ended-span { stroke: var(--rendered); stroke-width: 4; stroke-dasharray: 3 2; }
i.queued { background: var(--line); height: .2em; }
i.busy { background: var(--busy); height: .3em; }
i.ended { background: repeating-linear-gradient(90deg, var(--rendered) 0 3px, transparent 3px 5px); height: .3em; }
.key i.queued, .key i.busy, .key i.ended { vertical-align: middle; width: 1.4em; }
.dot-rendered { fill: var(--rendered); }
.dot-saved { fill: var(--saved); }
.key { font-size: .82rem; padding: .6rem .8rem; border-top: 1px solid var(--line); color: var(--soft); }
.key span { margin-right: 1.1rem; white-space: nowrap; }
.key i, .events i { display: inline-block; width: .7em; height: .7em; margin-right: .45em; }
i.rendered { background: var(--rendered); border-radius: 50%; }
i.saved { background: var(--saved); transform: rotate(45deg) scale(.9); }
.head { display: grid; grid-template-columns: 20rem 1fr; border-bottom: 1px solid var(--line); }
.picture {
  display: grid; place-items: center; aspect-ratio: 16 / 9; background: var(--tint); color: var(--soft);
  font-size: .88rem; align-self: stretch; min-height: 100%; width: 100%; overflow: hidden; text-align: center;
}
.picture img { display: block; width: 100%; height: 100%; object-fit: contain; overflow-wrap: anywhere; }
.title { padding: 1.15rem 1.4rem; display: flex; flex-direction: column; gap: .7rem; min-width: 0; }
.id {
  font: .8rem/1.45 ui-monospace, "SF Mono", Consolas, "Liberation Mono", monospace; color: var(--soft);
  overflow-wrap: anywhere;
}
dd.id { color: inherit; padding-top: .15rem; }
.events { list-style: none; display: grid; gap: .2rem; font-size: .92rem; }
.body { padding: 1.3rem 1.4rem 1.4rem; display: grid; gap: 1.3rem 2.2rem; grid-template-columns: repeat(3, 1fr); }
.body > div { display: grid; gap: 1.3rem; align-content: start; min-width: 0; }
dl { display: grid; grid-template-columns: 6.8rem 1fr; gap: .2rem .9rem; font-size: .92rem; }
.body > div:nth-child(3) dl { grid-template-columns: 10rem 1fr; }
dt { color: var(--soft); }
dd { overflow-wrap: anywhere; min-width: 0; }
.links, .unread { grid-column: 1 / -1; min-width: 0; overflow-wrap: anywhere; }
.unread ul { padding-left: 1.2rem; }
.links ul { list-style: none; display: flex; flex-wrap: wrap; gap: .4rem 1.3rem; font-size: .95rem; }
.links li { min-width: 0; overflow-wrap: anywhere; }
@media (max-width: 52rem) {
  .head { grid-template-columns: 1fr; }
  .picture:not(:has(img)) { aspect-ratio: auto; min-height: 0; padding: .8rem; }
  .body { grid-template-columns: repeat(2, 1fr); }
}
@media (max-width: 34rem) {
  .body { grid-template-columns: 1fr; }
  .overview { display: grid; grid-template-columns: 1fr auto auto; }
  .overview :is(thead, tbody, tr) { display: grid; grid-column: 1 / -1; grid-template-columns: subgrid; }
  .overview tr { align-items: center; border-top: 1px solid var(--line); padding: .45rem .5rem; }
  .overview thead tr { border-top: 0; }
  .overview :is(thead th, tbody th, td) { border: 0; padding: .15rem .4rem; min-width: 0; }
  .overview thead th { white-space: normal; }
  .overview thead .number { width: min-content; justify-self: end; white-space: normal; }
  .overview .badge { font-size: .76rem; padding-inline: .5rem; border-radius: .8rem; white-space: normal; }
  .overview :is(thead th:first-child, tbody th, .axis, td:nth-child(5)) { grid-column: 1 / -1; max-width: none; }
  .overview .axis { width: auto; min-width: 0; }
}
@page { margin: 14mm 12mm; }
@media print {
  :root {
    color-scheme: light; font-size: 11px;
    --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --link: #000; --tint: #f2f2f2;
    --saved: #a04f00; --rendered: #0a5c34; --good: #0a5c34; --good-tint: #fff; --warn: #7a3d00; --warn-tint: #fff;
    --busy: #123a9c; --busy-tint: #fff; --none: #444; --none-tint: #fff;
  }
  body { max-width: none; padding: 0; font-size: 9pt; }
  .filter { display: none; }
  .overview tr { break-inside: avoid; }
  .badge { border: 1px solid currentColor; }
  .card { border-radius: 0; margin-bottom: 1rem; }
  .body, .body > div { row-gap: .9rem; }
  .title { gap: .4rem; padding-block: .7rem; }
  dl { line-height: 1.35; }
  .links { line-height: 1.3; }
  .head { grid-template-columns: 15rem 1fr; }
  .head:not(:has(img)) { grid-template-columns: 1fr; }
  .picture:not(:has(img)) { display: none; }
  .body { grid-template-columns: repeat(3, 1fr); }
  .links ul { display: block; }
  .watch a { border: 1px solid currentColor; background: none; color: var(--ink); }
  details:not([open]) { display: none; }
  .links a { text-decoration: none; }
  .links a::after { content: " " attr(href); font-size: 6.5pt; color: var(--soft); }
  svg, .badge, i { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
