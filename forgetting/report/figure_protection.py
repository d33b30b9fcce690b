"""What each replay source leaves of forgetting, by text and by example."""

import os

import numpy as np

from forgetting.associations.protection import ALL, Protection
from forgetting.config.replay_source import OWN
from forgetting.report import style

NAME = "protection"


def write(protection: Protection, folder: str | os.PathLike) -> str:
  """Draws protection.png, .pdf and .svg, and writes the table behind them.

  Args:
    protection: of a study that tried sources.
    folder: where the files go; it is made.

  Returns:
    a line that says where they are.

  Raises:
    InputError: the folder cannot be written.
  """
  with style.folder_of_figures(folder) as folder:
    style.save(NAME, folder, draw, table(protection))
  return f"figure: {folder}/{NAME} (.png, .svg, .pdf, .csv)"


def table(protection: Protection):
  """A row a replay source and example.

  Args:
    protection: of a study that tried sources.

  Returns:
    a data frame with injection, cells, source, example, text, and forgetting
    without injection and what is left of it, nats a token.
  """
  import pandas as pd

  p = protection
  parts = [
    pd.DataFrame(
      dict(
        injection=p.injection,
        cells=p.cells,
        source=source,
        example=p.id,
        text=p.text,
        without=p.without,
        left=left,
      )
    )
    for source, left in zip(p.sources, p.left, strict=True)
  ]
  return pd.concat(parts, ignore_index=True)


def draw(table):
  """By text what each source removes; by example self text beside the corpus.

  Args:
    table: of this module.

  Returns:
    a matplotlib Figure.
  """
  from matplotlib.figure import Figure

  protection = _read(table)
  figure = Figure(figsize=(style.WIDTH, 4.0), layout="constrained")
  left, right = figure.subplots(1, 2, width_ratios=(3, 2))
  _by_text(left, protection)
  _by_example(right, protection)
  return figure


def _read(table) -> Protection:
  sources = tuple(table["source"].unique())
  first = table[table["source"] == sources[0]]
  return Protection(
    injection=float(first["injection"].iloc[0]),
    cells=int(first["cells"].iloc[0]),
    sources=sources,
    id=first["example"].to_numpy(),
    text=first["text"].to_numpy(str),
    without=first["without"].to_numpy(),
    left=table["left"].to_numpy().reshape(len(sources), -1),
  )


def _by_text(panel, protection: Protection) -> None:
  kept = protection.kept()
  texts = list(dict.fromkeys(row.text for row in kept))
  colored = [text for text in texts if text != ALL]
  for i, text in enumerate(texts):
    rows = [row for row in kept if row.text == text]
    whole = text == ALL
    panel.errorbar(
      [100 * row.removed for row in rows],
      # beside each other: intervals that lie on each other cannot be read
      [
        at + (0 if whole else 0.13 * (i - len(texts) / 2)) for at in _rows(rows)
      ],
      xerr=[100 * row.error for row in rows],
      marker="|" if whole else style.MARKERS[(i - 1) % len(style.MARKERS)],
      markersize=18 if whole else 4,
      color=style.INK if whole else style.color(text, colored),
      linestyle="",
      elinewidth=0.8,
      label="all text" if whole else text,
    )
  panel.axvline(0, **style.BASE)
  panel.set_yticks(_rows(protection.sources), protection.sources)
  panel.grid(visible=False, axis="y")
  panel.set_xlabel(
    f"Forgetting removed by {100 * protection.injection:g} % of replay (%)"
  )
  panel.set_ylabel("Replay source")
  panel.legend(title="Examples from", loc="best")


def _rows(sources) -> list[int]:
  """Heights of the sources, the first on top."""
  return [-i for i in range(len(sources))]


def _by_example(panel, protection: Protection) -> None:
  other = shown_beside_own(protection)
  removed = protection.without - protection.left
  own, theirs = (
    removed[protection.sources.index(name)] for name in (OWN, other)
  )
  texts = list(np.unique(protection.text))
  for i, text in enumerate(texts):
    at = protection.text == text
    panel.plot(
      own[at],
      theirs[at],
      style.MARKERS[i % len(style.MARKERS)],
      color=style.color(text, texts),
      markersize=3,
      alpha=0.7,
    )
  ends = [min(own.min(), theirs.min()), max(own.max(), theirs.max())]
  panel.plot(ends, ends, **style.BASE)
  panel.set_xlabel("Removed by its own corpus (nats/token)")
  panel.set_ylabel(f"Removed by {other} (nats/token)")
  panel.set_title(f"A point an example, r = {protection.agreement(other):.3f}")


def shown_beside_own(protection: Protection) -> str:
  """The source whose examples are drawn: what the model wrote, if it was tried.

  Args:
    protection: of a study that tried sources.

  Returns:
    of self text, or else of all other sources, the one that removes most.
  """
  others = [name for name in protection.sources if name != OWN]
  selves = [name for name in others if name.startswith("self")]
  left = dict(zip(protection.sources, protection.left.mean(1), strict=True))
  return min(selves or others, key=lambda name: left[name])
