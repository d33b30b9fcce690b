"""The page: one HTML file that needs nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
import re

from forgetting.report import style, templates

ENDINGS = ("png", "svg", "pdf", "csv")
_ASIDE = re.compile(
  r"(<(script|style|svg|code|pre)\b.*?</\2>|<[^>]*>)", re.DOTALL
)


@dataclass(frozen=True)
class Section:
  """A part of the page; `body` is HTML."""

  name: str
  title: str
  body: str


def page(
  title: str,
  headline: Sequence[str],
  sections: Sequence[Section],
  scripts: Sequence[str] = (),
) -> str:
  """The page's HTML.

  Args:
    headline: sentences, plain text.
    scripts: names of templates that run at its end.
  """
  dark = style.variables(dark=True)
  whole = templates.fill(
    "page.html",
    title=escape(title),
    colors=f":root {{ {style.variables(dark=False)} }}\n"
    f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}",
    sheet=templates.text("page.css") + templates.text("whatif.css"),
    headline="".join(f"<p>{escape(sentence)}</p>" for sentence in headline),
    links="".join(
      f'<a href="#{s.name}">{escape(s.title)}</a>' for s in sections
    ),
    sections="\n".join(
      f'<section id="{s.name}"><h2>{escape(s.title)}</h2>\n{s.body}</section>'
      for s in sections
    ),
    script="\n".join(templates.text(name) for name in ("page.js", *scripts)),
  )
  return typeset(whole)


def typeset(html: str) -> str:
  """The same with minus signs, and percent signs that stay at their number.

  Only in what is read: code, drawings and scripts are left as they are.
  """
  parts = _ASIDE.split(html)
  # text, then what is aside, the name of its tag, text again
  parts[::3] = [_set(part) for part in parts[::3]]
  del parts[2::3]
  return "".join(parts)


def _set(text: str) -> str:
  text = re.sub(r"(?<=\d) %", "\u00a0%", text)
  return re.sub(r"(?<![\w.-])-(?=\d)", "−", text)


def figure(name: str, svg: str, caption: str) -> str:
  """A drawing, what it shows, and its files; `caption` is HTML."""
  files = " · ".join(
    f'<a href="figures/{name}.{ending}">{ending.upper()}</a>'
    for ending in ENDINGS
  )
  return (
    f"<figure>{svg}<figcaption>{caption} "
    f'<span class="screen">{files}</span></figcaption></figure>'
  )


def absent(why: str) -> str:
  """In the place of a section's content: plain text."""
  return f'<p class="absent">{escape(why)}</p>'
