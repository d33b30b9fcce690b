"""The leading components of a forgetting matrix, and all singular values."""

import numpy as np

from forgetting.report import style
from forgetting.report.figure_matrix import (
  LABELLED,
  colour_limits,
  draw_cells,
  mark_sources,
  name_rows,
)


def components(table):
  """Draws each component s u v' as a heat map of its own, on one scale.

  Args:
    table: `matrix_tables.components`.

  Returns:
    a matplotlib Figure.
  """
  from matplotlib.figure import Figure

  ranks = sorted(table["component"].unique())
  terms = {}
  for rank in ranks:
    here = table[table["component"] == rank]
    task, examples = (
      here[here["kind"] == kind].sort_values("position")
      for kind in ("task", "examples")
    )
    cells = np.outer(task["weight"], examples["weight"])
    terms[rank] = (examples, cells)
  names, families = task["name"].tolist(), task["group"].tolist()
  figure = Figure(
    figsize=(style.WIDTH, 1.4 + 0.085 * min(len(names), LABELLED)),
    layout="constrained",
  )
  panels = figure.subplots(1, len(ranks), sharey=True, squeeze=False)[0]
  limits = colour_limits(np.concatenate([t[1].ravel() for t in terms.values()]))
  for panel, rank in zip(panels, ranks, strict=True):
    examples, cells = terms[rank]
    image = draw_cells(panel, cells, limits)
    mark_sources(panel, examples.rename(columns={"group": "source"}))
    panel.set_title(f"component {rank}")
    panel.tick_params(axis="y", length=0)
  name_rows(panels[0], names, families)
  figure.supxlabel("pretraining examples, by mean forgetting", fontsize=9)
  figure.colorbar(
    image,
    ax=panels.tolist(),
    label="nats/token",
    shrink=0.7,
    aspect=40,
    extend="both",
  )
  return figure


def singular_values(table):
  """Draws singular values as bars, R2 of the fit of that rank as a line.

  Args:
    table: `matrix_tables.singular_values`.

  Returns:
    a matplotlib Figure.
  """
  from matplotlib.figure import Figure

  figure = Figure(figsize=(6.0, 3.2), layout="constrained")
  panel = figure.subplots()
  panel.bar(table["rank"], table["singular_value"], color=style.DOMAINS[0])
  panel.set_xlabel("rank")
  panel.set_ylabel("singular value", color=style.DOMAINS[0])
  panel.set_xticks(table["rank"][:: 1 if len(table) <= 20 else 5])
  panel.grid(axis="x", visible=False)
  other = panel.twinx()
  other.plot(
    table["rank"],
    table["r2"],
    marker="o",
    color=style.DOMAINS[1],
    clip_on=False,
  )
  other.set_ylim(0, 1)
  other.set_ylabel("R² of the fit of that rank", color=style.DOMAINS[1])
  other.grid(False)
  return figure
