/** The stylesheet of the hosted pages. */
export const styleSheet = `
:root {
  color-scheme: light;
  --ink: #1a2233; --soft: #5b6478; --line: #d9dee8; --paper: #fff; --wash: #f5f7fb;
  --accent: #4338ca; --accent-dark: #3730a3; --bad: #b42318; --bad-wash: #fef3f2; --good: #067647; --good-wash: #ecfdf3;
}
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: var(--ink); background: var(--wash); }
h1 { font-size: 1.35rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.05rem; margin: 0 0 .75rem; }
p { margin: 0 0 .75rem; }
a { color: var(--accent); }
a:hover { color: var(--accent-dark); }
.split { display: grid; min-height: 100vh; grid-template-columns: 1fr 1fr; }
.side { padding: 3rem 2rem; display: flex; justify-content: flex-end; }
.side > div { width: 100%; max-width: 26rem; }
.side.form { background: var(--paper); box-shadow: 0 0 24px rgb(26 34 51 / 8%); justify-content: flex-start; }
.narrow { max-width: 44rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: 12px; padding: 1.25rem; margin: 0 0 1.25rem; }
.badge { display: inline-block; background: #fff3d6; color: #7a4b00; font-size: .75rem; font-weight: 700; letter-spacing: .04em; text-transform: uppercase; border-radius: 6px; padding: .15rem .5rem; }
.badge.good { background: var(--good-wash); color: var(--good); }
.badge.bad { background: var(--bad-wash); color: var(--bad); }
.top { display: flex; align-items: center; justify-content: space-between; gap: 1rem; margin-bottom: 1.5rem; }
.soft { color: var(--soft); }
.total { font-size: 2.25rem; font-weight: 700; line-height: 1.1; margin: .25rem 0 1.5rem; }
.total small { font-size: 1rem; font-weight: 400; color: var(--soft); }
.lines { list-style: none; padding: 0; margin: 0 0 1rem; }
.lines li { display: flex; justify-content: space-between; gap: 1rem; padding: .75rem 0; border-bottom: 1px solid var(--line); }
.lines .sum { border: 0; font-weight: 700; }
label { display: block; font-size: .875rem; font-weight: 600; margin-bottom: .3rem; }
.field { margin-bottom: 1rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
input, select { width: 100%; font: inherit; color: inherit; background: var(--paper); border: 1px solid #aab2c3; border-radius: 8px; padding: .65rem .75rem; min-height: 44px; }
input:focus-visible, select:focus-visible, button:focus-visible, a:focus-visible, summary:focus-visible { outline: 3px solid #a5b4fc; outline-offset: 1px; }
button, .button { display: inline-block; font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer; border: 1px solid transparent; border-radius: 8px; padding: .7rem 1.1rem; min-height: 44px; background: var(--accent); color: #fff; }
button:hover { background: var(--accent-dark); }
button.wide { width: 100%; font-size: 1.05rem; }
button.plain, .button.plain { background: var(--paper); color: var(--ink); border-color: #aab2c3; }
button.plain:hover { background: var(--wash); }
button.danger { background: var(--bad); }
button.danger:hover { background: #912018; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; }
.alert { background: var(--bad-wash); color: var(--bad); border: 1px solid #fda29b; border-radius: 8px; padding: .75rem 1rem; margin: 0 0 1rem; }
.note { background: var(--good-wash); color: var(--good); border: 1px solid #75e0a7; border-radius: 8px; padding: .75rem 1rem; margin: 0 0 1rem; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; padding: .6rem .5rem .6rem 0; border-bottom: 1px solid var(--line); }
th { font-size: .8rem; color: var(--soft); font-weight: 600; }
details { margin-top: 1.25rem; font-size: .875rem; }
summary { cursor: pointer; color: var(--soft); }
code { font-family: ui-monospace, SFMono-Regular, Menlo, monospace; font-size: .85em; }
@media (max-width: 760px) {
  .split { grid-template-columns: 1fr; min-height: 0; }
  .side { padding: 1.5rem 1rem; justify-content: center; }
  .side.form { justify-content: center; }
  .total { margin-bottom: .5rem; font-size: 1.9rem; }
}
`;
