"""Forgetting against target loss: each remedy's best, and the lower hull."""

from collections.abc import Mapping
import os

import numpy as np

from forgetting.laws import paths
from forgetting.report import style

HULL = "lower hull of all"
COLUMNS = 3  # of panels
SHOWN = 0.4  # of the way from base on: before it little is learnt


def write(data: Mapping, curves, blends, folder: str | os.PathLike) -> str:
  """Draws remedies.png, .pdf and .svg, and writes the table behind them.

  Args:
    data: of `laws.answers_remedies`.
    curves, blends: that it was made of.
    folder: where the files go.

  Returns:
    a line that says where they are.

  Raises:
    InputError: the folder cannot be written.
  """
  points = table(data, curves, blends)
  with style.folder_of_figures(folder) as folder:
    style.save("remedies", folder, remedies, points)
  return f"figure: {folder}/remedies (.png, .svg, .pdf, .csv)"


def table(data: Mapping, curves, blends):
  """The points that are drawn: of the best arm of each remedy, of the hull.

  From where something is learnt to the lowest target loss: past it nobody goes
  on.

  Args:
    data, curves, blends: as of `write`.

  Returns:
    a data frame with the cell's columns, remedy, arm, run, target_loss and
    forgetting (nats a token), and the matched target loss.
  """
  import pandas as pd

  known_paths, rows = paths.paths_of(curves, blends), []
  for one in data["cells"]:
    known = dict(one["cell"]) | dict(matched=one["target"])
    best = {arm["remedy"]: arm["arm"] for arm in one["best"]}
    for path in known_paths[tuple(one["cell"].values())]:
      if best.get(path.remedy) != path.arm:
        continue
      learnt = path.target[0] - path.target
      shown = learnt >= SHOWN * (path.target[0] - one["target"])
      shown &= np.arange(len(shown)) <= path.target.argmin()
      rows += [
        known
        | dict(remedy=path.remedy, arm=path.arm, run=path.run)
        | dict(target_loss=target, forgetting=forgetting)
        for target, forgetting, show in zip(
          path.target, path.forgetting, shown, strict=True
        )
        if show
      ]
    rows += [
      known
      | dict(remedy=HULL, arm=arm, run=HULL)
      | dict(target_loss=target, forgetting=forgetting)
      for target, forgetting, arm in one["hull"]
    ]
  return pd.DataFrame(rows)


def remedies(points):
  """Draws a panel a cell: what is forgotten for what is learnt.

  Args:
    points: of `table`.

  Returns:
    a matplotlib Figure.
  """
  from matplotlib.figure import Figure

  cells = list(points.groupby(paths.CELL, sort=True))
  names = [n for n in points["remedy"].unique() if n != HULL]
  columns = min(COLUMNS, len(cells))
  rows = -(-len(cells) // columns)
  legend = 0.2 * -(-(len(names) + 1) // 4)
  size = style.WIDTH, 0.4 + legend + 2.8 * rows
  figure = Figure(figsize=size, layout="constrained")
  panels = list(figure.subplots(rows, columns, squeeze=False).flat)
  for panel, (cell, of_cell) in zip(panels, cells, strict=False):
    _cell(panel, of_cell, names)
    domain, params, tokens = cell
    panel.set_title(
      f"{domain}, {style.count(params)}, {style.count(tokens)} tokens"
    )
  for panel in panels[len(cells) :]:
    panel.set_axis_off()
  for number, panel in enumerate(panels):
    panel.set_xlabel("Target loss (nats/token): learnt to the left")
    if not number % columns:
      panel.set_ylabel("Forgetting (nats/token)")
  handles = _keys(names)
  figure.legend(handles=handles, loc="outside lower center", ncols=4)
  return figure


def _cell(panel, points, names) -> None:
  for (_, remedy), rows in points.groupby(["run", "remedy"], sort=False):
    # in the order of the path: past its best a curve turns back
    look = _look(remedy, names)
    panel.plot(rows["target_loss"], rows["forgetting"], **look)
  panel.axvline(points["matched"].iloc[0], **style.BASE)
  hull = points[points["remedy"] == HULL]
  if len(hull):
    room = 0.05 * max(
      points["target_loss"].max() - hull["target_loss"].min(), 0
    )
    right = points[points["remedy"] != HULL]["target_loss"].max()
    panel.set_xlim(hull["target_loss"].min() - room, right + room)


def _look(remedy: str, names) -> dict:
  if remedy == HULL:
    return dict(color=style.INK, alpha=0.7, lw=1.0, ls="--")
  if remedy == paths.PLAIN:
    return dict(color=style.INK, lw=1.6)
  kind, _, _ = remedy.partition(f" + {paths.INJECTION}")
  kinds = [n for n in names if " + " not in n and n != paths.PLAIN]
  kinds += [] if kind in kinds else [kind]  # tried beside injection alone
  # more than colours: the second time round with another marker
  again = kinds.index(kind) >= len(style.DOMAINS)
  beside = remedy != kind  # injection: dotted, in the colour of it alone
  return dict(
    color=style.color(kind, kinds),
    lw=1.0,
    marker="^" if again else "o",
    mfc="none" if beside else None,
    ms=3,
    ls=(0, (1, 1.5)) if beside else "-",
  )


def _keys(names) -> list:
  from matplotlib.lines import Line2D

  return [
    Line2D([], [], label=name, **_look(name, names)) for name in (*names, HULL)
  ]
