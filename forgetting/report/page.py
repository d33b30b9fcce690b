"""The page: one HTML file that needs nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
import re

from forgetting.report import glossary, style, template_files

ENDINGS = ("png", "svg", "csv")
_ASIDE = re.compile(
  r"(<(script|style|svg|code|pre)\b.*?</\2>|<[^>]*>)", re.DOTALL
)


@dataclass(frozen=True)
class Section:
  """A part of the page.

  Attributes:
    name: its id, which links go to.
    title: plain text.
    body: HTML.
    missing: why there is nothing to show, plain text; "" where there is.
    folded: whether it is a detail, which a click unfolds.
  """

  name: str
  title: str
  body: str
  missing: str = ""
  folded: bool = False


def page(
  title: str,
  headline: Sequence[str],
  sections: Sequence[Section],
  script: str = "",
  made: str = "",
  data: str = "",
) -> str:
  """Puts the page together.

  Args:
    title: plain text.
    headline: sentences, plain text.
    sections: in their order; those that are folded go last.
    script: JavaScript that runs at its end, after the page's own.
    made: plain text: when, and by what.
    data: HTML: script elements with the numbers that scripts draw.

  Returns:
    the whole HTML.
  """
  dark = style.variables(dark=True)
  details = [s for s in sections if s.folded]
  whole = template_files.fill(
    "page.html",
    title=escape(title),
    colors=f":root {{ {style.variables(dark=False)} }}\n"
    f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}",
    sheet=template_files.text("page.css") + template_files.text("whatif.css"),
    made=f'<p class="made">{escape(made)}</p>' if made else "",
    headline=glossary.explain(
      "".join(f"<p>{escape(sentence)}</p>" for sentence in headline)
    ),
    links="".join(
      f'<a href="#{s.name}">{escape(s.title)}</a>' for s in sections
    ),
    sections="\n".join(_section(s) for s in sections if not s.folded)
    + ('\n<h2 id="details">Details</h2>\n' if details else "")
    + "\n".join(_section(s) for s in details),
    data=data,
    script=f"{template_files.text('page.js')}\n{script}",
  )
  return typeset(whole)


def _section(section: Section) -> str:
  title, body = escape(section.title), glossary.explain(section.body)
  if section.folded:
    return (
      f'<section id="{section.name}"><details><summary><h3>{title}</h3>'
      f"</summary>\n{body}</details></section>"
    )
  return f'<section id="{section.name}"><h2>{title}</h2>\n{body}</section>'


def typeset(html: str) -> str:
  """Sets minus signs, and percent signs that stay at their number.

  Only in what is read: code, drawings and scripts are left as they are.

  Args:
    html: the page.
  """
  parts = _ASIDE.split(html)
  # text, then what is aside, the name of its tag, text again
  parts[::3] = [_set(part) for part in parts[::3]]
  del parts[2::3]
  return "".join(parts)


def _set(text: str) -> str:
  text = re.sub(r"(?<=\d) %", "\u00a0%", text)
  return re.sub(r"(?<![\w.-])-(?=\d)", "−", text)


def figure(name: str, svg: str, caption: str, *, pdf: bool = False) -> str:
  """Puts a drawing beside what it shows, and its files.

  Args:
    name: of its files in figures/.
    svg: the drawing.
    caption: HTML.
    pdf: whether there is one.
  """
  files = " · ".join(
    f'<a href="figures/{name}.{ending}">{ending.upper()}</a>'
    for ending in (*ENDINGS, *["pdf"] * pdf)
  )
  return (
    f"<figure>{svg}<figcaption>{caption} "
    f'<span class="screen">{files}</span></figcaption></figure>'
  )


def absent(why: str) -> str:
  """Says, instead of a section's content, why there is none (plain text)."""
  return f'<p class="absent">{escape(why)}</p>'
