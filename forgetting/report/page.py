"""The page: one HTML file that needs nothing else."""

from dataclasses import dataclass
from html import escape

from forgetting.report import style


@dataclass(frozen=True)
class Section:
  """A part of the page; `body` is HTML."""

  name: str
  title: str
  body: str


SHEET = """
:root { color-scheme: light dark; --paper: #ffffff; --soft: #f3f5f7; %LIGHT% }
@media screen and (prefers-color-scheme: dark) {
  :root { --paper: #15181c; --soft: #1e2329; %DARK% }
}
* { box-sizing: border-box; }
body { background: var(--paper); color: var(--ink); margin: 0 auto;
  padding: 1.5rem 1.25rem 4rem; max-width: 66rem; line-height: 1.5;
  font-family: system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .75rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
p, figcaption, dd { max-width: 48rem; }
.headline { background: var(--soft); border-left: 4px solid var(--domain0);
  padding: .75rem 1rem; margin: 1rem 0; }
.headline p { margin: .25rem 0; }
nav { font-size: .9rem; }
nav a { margin-right: 1rem; }
a { color: var(--domain0); }
figure { margin: 1rem 0; break-inside: avoid; }
figure svg { width: 100%; height: auto; display: block; }
figcaption, .note { font-size: .87rem; opacity: .85; }
.equation { font-family: Georgia, "DejaVu Serif", serif; font-size: 1.15rem;
  margin: .5rem 1rem; }
.wide { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; font-size: .85rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .5rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--grid); }
th { font-weight: 600; vertical-align: bottom; }
th.n, td.n { text-align: right; }
td { white-space: nowrap; } td:last-child { white-space: normal;
  max-width: 30rem; }
tbody tr:nth-child(even) { background: var(--soft); }
.swatch { display: inline-block; width: .7em; height: .7em; margin-right: .4em;
  border-radius: 2px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem;
  font-size: .9rem; }
dt { font-weight: 600; } dd { margin: 0; }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav { display: none; }
  table { font-size: 7.5pt; } th, td { padding: .1rem .35rem; }
  .wide { overflow: visible; }
  thead { display: table-header-group; } tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
}
"""


def page(title: str, headline: list[str], sections: list[Section]) -> str:
  sheet = SHEET.replace("%LIGHT%", style.variables(dark=False))
  sheet = sheet.replace("%DARK%", style.variables(dark=True))
  claims = "".join(f"<p>{escape(sentence)}</p>" for sentence in headline)
  links = "".join(
    f'<a href="#{s.name}">{escape(s.title)}</a>' for s in sections
  )
  parts = "\n".join(
    f'<section id="{s.name}"><h2>{escape(s.title)}</h2>\n{s.body}</section>'
    for s in sections
  )
  return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{sheet}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<div class="headline">{claims}</div>
<nav>{links}</nav>
{parts}
</body>
</html>
"""


def figure(name: str, svg: str, caption: str) -> str:
  """A drawing, what it shows, and its files; `caption` is HTML."""
  files = " · ".join(
    f'<a href="figures/{name}.{ending}">{ending.upper()}</a>'
    for ending in ("png", "pdf", "csv")
  )
  return (
    f"<figure>{svg}<figcaption>{caption} <span>{files}</span></figcaption>"
    "</figure>"
  )
