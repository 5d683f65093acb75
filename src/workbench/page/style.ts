/** Style sheet of the page. System fonts and colours only: nothing remote is ever loaded. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --bg: light-dark(#f6f7f9, #12151a); --card: light-dark(#fff, #1a1f26); --line: light-dark(#d9dee5, #2c343f);
  --text: light-dark(#1b2430, #e3e8ef); --soft: light-dark(#566173, #98a4b5); --link: light-dark(#0b57c2, #7db4ff);
  --bad: light-dark(#b3261e, #ff9a92); --good: light-dark(#1a6b3c, #7fd6a0); --code: light-dark(#eef1f5, #0d1014);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
header, main { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: center; padding-top: 1.25rem; }
h1 { font-size: 1.2rem; margin: 0; }
h2 { font-size: 1rem; margin: 0; }
code, pre, .mono { font: .86em/1.5 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
a { color: var(--link); }
.soft { color: var(--soft); }
.spacer { flex: 1; }
button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px;
  padding: .2rem .7rem; cursor: pointer; }
button[aria-pressed="true"] { border-color: var(--link); color: var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: .5rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; margin: 1rem 0; overflow: hidden; }
.title { display: flex; gap: .75rem; align-items: baseline; padding: .7rem 1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .6rem; border-top: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 500; font-size: .85em; white-space: nowrap; }
th:first-child, td:first-child { padding-left: 1rem; } th:last-child, td:last-child { padding-right: 1rem; }
th[scope="row"] { color: var(--text); font-size: 1em; }
td.num, th.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.nowrap { white-space: nowrap; }
td.text { max-width: 14rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
#trace td.text { max-width: 24rem; }
[data-depth] { white-space: pre; }
.bad { color: var(--bad); } .good { color: var(--good); }
pre { margin: 0; padding: .9rem 1rem; background: var(--code); overflow-x: auto; border-top: 1px solid var(--line); }
.note { margin: 1rem 0 0; padding: .6rem 1rem; border: 1px solid var(--bad); border-radius: 8px; }
.none { padding: .6rem 1rem; border-top: 1px solid var(--line); margin: 0; }
`;
