"""The verification page's one style sheet, inline and named by its hash in the page's CSP."""

from __future__ import annotations

from typing import Final

CSS: Final = """
:root {
  color-scheme: light dark;
  --ground: #eef1f5; --card: #ffffff; --ink: #16202c; --soft: #52606f; --line: #d5dbe3;
  --accent: #0b5cad; --accent-ink: #ffffff; --code: #f4f7fb;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  --note: #fff6dd; --note-line: #d9a514; --bad: #b3261e; --bad-ground: #fdeceb; --good: #1a7f4b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10151c; --card: #1a212b; --ink: #e8edf3; --soft: #a5b1bf; --line: #354150;
    --accent: #7ab8f5; --accent-ink: #0b1a2a; --code: #121922;
    --note: #2b2614; --note-line: #c99a1a; --bad: #ff9c94; --bad-ground: #3a1f1e; --good: #6fd6a0;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; display: flex; flex-direction: column; align-items: center;
  background: var(--ground); color: var(--ink); padding: 2.5rem 1rem;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
header, main, footer { width: 100%; max-width: 34rem; }
header { display: flex; align-items: center; gap: .7rem; margin-bottom: 1rem; flex-wrap: wrap; }
header svg { width: 2rem; height: 2rem; flex: none; }
.brand { font-weight: 650; }
.badge {
  margin-left: auto; font-size: .8125rem; font-weight: 600; color: var(--soft);
  border: 1px solid var(--line); border-radius: 999px; padding: .15rem .7rem; background: var(--card);
}
main {
  background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 2rem;
  box-shadow: 0 1px 2px rgb(0 0 0 / .05), 0 12px 32px rgb(16 32 56 / .08);
}
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; text-wrap: balance; }
p { margin: 0 0 1rem; }
p:last-child { margin-bottom: 0; }
.soft { color: var(--soft); }
.code {
  display: block; margin: 1.25rem 0; padding: .9rem .5rem; text-align: center;
  font: 650 clamp(1.6rem, 8vw, 2.25rem)/1.2 var(--mono);
  letter-spacing: .08em; background: var(--code); border: 1px solid var(--line); border-radius: 10px;
}
.note {
  margin: 0 0 1.25rem; padding: .8rem 1rem; border-radius: 8px;
  background: var(--note); border-left: 4px solid var(--note-line);
}
.error {
  margin: 0 0 1.25rem; padding: .8rem 1rem; border-radius: 8px; color: var(--bad);
  background: var(--bad-ground); border-left: 4px solid currentColor; font-weight: 600;
}
dl { margin: 0 0 1.5rem; border-top: 1px solid var(--line); }
dl > div {
  display: grid; grid-template-columns: 8rem 1fr; gap: .25rem 1rem;
  padding: .65rem 0; border-bottom: 1px solid var(--line);
}
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
dd code { font: .875em/1.4 var(--mono); color: var(--soft); }
label { display: block; font-weight: 600; margin-bottom: .35rem; }
.hint { margin: .4rem 0 1.25rem; color: var(--soft); font-size: .9375rem; }
input[type=text] {
  width: 100%; padding: .7rem .9rem; color: inherit; background: var(--code);
  border: 1px solid var(--soft); border-radius: 8px; text-transform: uppercase; letter-spacing: .08em;
  font: 600 1.375rem/1.3 var(--mono);
}
.answer {
  display: block; width: 100%; padding: .7rem .9rem; color: inherit; background: var(--code); resize: vertical;
  border: 1px solid var(--soft); border-radius: 8px; overflow-wrap: anywhere; font: 1rem/1.4 var(--mono);
}
input[aria-invalid=true] { border-color: var(--bad); border-width: 2px; }
::placeholder { color: var(--soft); opacity: .7; }
.buttons { display: flex; gap: .75rem; }
button {
  flex: 1; min-height: 2.875rem; padding: .6rem 1.2rem; font: inherit; font-weight: 650; cursor: pointer;
  border: 1px solid var(--accent); border-radius: 8px; background: var(--accent); color: var(--accent-ink);
}
button.quiet { background: transparent; color: var(--ink); border-color: var(--soft); }
button:hover { filter: brightness(1.08); }
button.quiet:hover { background: var(--code); filter: none; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
a { color: var(--accent); }
.mark { display: block; width: 3rem; height: 3rem; margin: 0 0 1rem; }
.good { color: var(--good); }
.bad { color: var(--bad); }
footer { margin-top: 1.25rem; color: var(--soft); font-size: .875rem; text-align: center; text-wrap: balance; }
@media (max-width: 30rem) {
  body { padding: 1rem .75rem 2rem; }
  main { padding: 1.4rem 1.15rem; }
  dl > div { grid-template-columns: 1fr; gap: 0; }
  .buttons { flex-direction: column; }
  .buttons button { flex: none; }
}
@media (forced-colors: active) { button { border: 2px solid ButtonText; } }
"""
