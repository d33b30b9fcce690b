"""What task and example means leave of a forgetting matrix, by sources."""

import numpy as np

from forgetting.report import style

ENDS = {"+": style.DOMAINS[1], "-": style.DOMAINS[0]}
_SIGNS = {"+": "+", "-": "\N{MINUS SIGN}"}
SURE = 0.01  # p below which a bar has a star
LONGEST = 34  # characters of a line of task names


def own_patterns(table):
  """Draws which sources the examples at both ends of each component are from.

  Args:
    table: `matrix_tables.own_patterns`.

  Returns:
    a matplotlib Figure.
  """
  from matplotlib.figure import Figure
  from matplotlib.lines import Line2D
  from matplotlib.patches import Patch

  ranks = sorted(table["component"].unique())
  sources = sorted(table["source"].unique())
  figure = Figure(
    figsize=(style.WIDTH, 1.9 + 0.42 * len(sources)), layout="constrained"
  )
  panels = figure.subplots(
    1, len(ranks), sharex=True, sharey=True, squeeze=False
  )[0]
  for panel, rank in zip(panels, ranks, strict=True):
    here = table[table["component"] == rank]
    _draw(panel, here, sources)
    panel.set_title(_title(here), loc="left")
  panels[0].set_yticks(np.arange(len(sources)), sources)
  panels[0].set_ylim(len(sources) - 0.5, -0.5)
  count = table["examples"].iloc[0]
  panels[len(ranks) // 2].set_xlabel(f"share of {count} examples (%)")
  largest = 100 * table[["among", "overall"]].to_numpy().max()
  panels[0].set_xlim(0, min(1.12 * largest, 100 + 0.08 * largest))
  handles = [
    Patch(color=color, label=f"forgotten more by the tasks at {_SIGNS[end]}")
    for end, color in ENDS.items()
  ]
  handles.append(
    Line2D(
      [],
      [],
      linestyle="",
      marker="|",
      markersize=11,
      markeredgewidth=1.6,
      color=style.INK,
      label="share of all examples",
    )
  )
  handles.append(
    Line2D([], [], linestyle="", marker="$*$", color=style.INK, label="p < .01")
  )
  figure.legend(handles=handles, loc="outside lower center", ncols=4)
  return figure


def _draw(panel, table, sources) -> None:
  for offset, (end, color) in zip((-0.19, 0.19), ENDS.items(), strict=True):
    here = table[table["end"] == end].set_index("source").loc[sources]
    places, shares = np.arange(len(sources)) + offset, 100 * here["among"]
    panel.barh(places, shares, height=0.34, color=color)
    for place, share, p in zip(places, shares, here["p_value"], strict=True):
      if p < SURE:
        panel.text(share + 1.5, place + 0.06, "*", va="center", fontsize=9)
  panel.plot(
    100 * here["overall"],
    np.arange(len(sources)),
    linestyle="",
    marker="|",
    markersize=17,
    markeredgewidth=1.6,
    color=style.INK,
  )
  panel.grid(axis="y", visible=False)
  panel.tick_params(axis="y", length=0)


def _title(table) -> str:
  """The component, its size, and the tasks that it tells apart."""
  share, rank = table["share"].iloc[0], table["component"].iloc[0]
  tasks = table.groupby("end")["tasks"].first()
  lines = [f"component {rank}: {100 * share:.0f} % of what is left"]
  lines += [f"{sign} {_short(tasks[end])}" for end, sign in _SIGNS.items()]
  return "\n".join(lines)


def _short(names: str) -> str:
  if len(names) <= LONGEST:
    return names
  return names[: LONGEST - 1].rstrip(", ") + "\N{HORIZONTAL ELLIPSIS}"
