"""The forgetting matrix as a heat map, with its row and column means."""

import numpy as np

from forgetting.report import style

COLORS = "RdBu_r"  # blue is learnt, red is forgotten
SEPARATOR = "#000000"  # on cells, which are as light in a dark page
SHOWN = 0.97  # of the cells of either sign are within the scale
SELDOM = 0.02  # of the cells: a sign rarer than that has no colour of its own
LABELLED = 40  # tasks at most whose names are written


def heat_map(table):
  """Draws tasks x examples; beside it each task's mean, above each example's.

  Args:
    table: `matrix_tables.heat_map`.

  Returns:
    a matplotlib Figure.
  """
  from matplotlib.figure import Figure

  tasks = list(dict.fromkeys(table["task"]))
  cells = grid(table, "task", tasks, "forgetting")
  count = table.drop_duplicates("position").sort_values("position")["examples"]
  limits = colour_limits(cells)
  figure = Figure(
    figsize=(style.WIDTH, 2.2 + 0.11 * np.clip(len(tasks), 16, LABELLED)),
    layout="constrained",
  )
  axes = figure.subplots(
    2,
    2,
    sharex="col",
    sharey="row",
    width_ratios=(8, 1),
    height_ratios=(1, 8),
    squeeze=False,
  )
  above, corner = axes[0]
  map_, beside = axes[1]
  corner.remove()
  image = draw_cells(map_, cells, limits)
  name_rows(map_, tasks, table.drop_duplicates("task")["family"])
  mark_sources(map_, table)
  positions = np.arange(cells.shape[1])
  above.fill_between(
    positions, mean(cells, 0), step="mid", color=style.DOMAINS[0], linewidth=0
  )
  above.set_ylabel("mean")
  weight = count.to_numpy(float)
  means = mean(cells * weight, 1) / weight.mean()
  beside.barh(np.arange(len(tasks)), means, color=style.DOMAINS[0])
  beside.set_xlabel("task mean")
  beside.locator_params(axis="x", nbins=2)
  beside.tick_params(axis="x", labelsize=6)
  beside.tick_params(axis="y", length=0)
  beside.grid(axis="y", visible=False)
  map_.set_xlabel("pretraining examples, by mean forgetting")
  figure.colorbar(
    image,
    ax=axes[1].tolist(),
    label="forgetting (nats/token)",
    shrink=0.6,
    aspect=40,
    extend="both",
  )
  return figure


def grid(table, rows: str, names, value: str):
  """Turns a table with a row a cell into cells.

  Args:
    table: a data frame with a column `position`.
    rows: the column that names the rows.
    names: the rows, in order.
    value: the column of the cells.

  Returns:
    [rows, positions].
  """
  wide = table.pivot(index=rows, columns="position", values=value)
  return wide.loc[list(names)].to_numpy(float)


def mean(cells, axis: int):
  """Takes the mean of cells over an axis, of those that were measured.

  Args:
    cells: NaN where nothing was measured.
    axis: over which.

  Returns:
    means; 0 where nothing was measured at all.
  """
  seen = ~np.isnan(cells)
  total = np.where(seen, cells, 0).sum(axis)
  return total / np.maximum(seen.sum(axis), 1)


def colour_limits(cells) -> tuple[float, float]:
  """The values of the strongest colours, for learnt and for forgotten.

  A few outliers do not decide, or all others would be pale; and a sign that
  hardly occurs takes no part of the scale.

  Args:
    cells: NaN where nothing was measured.

  Returns:
    low <= 0 <= high, nats per token.
  """
  seen = cells[~np.isnan(cells)]

  def reach(sizes) -> float:
    often = len(sizes) > SELDOM * len(seen)
    return float(np.quantile(sizes, SHOWN)) if often else 0.0

  low, high = reach(-seen[seen < 0]), reach(seen[seen > 0])
  return (-low, high) if low or high else (-1.0, 1.0)


def draw_cells(panel, cells, limits: tuple[float, float]):
  """Draws cells as colours, white at 0, on one linear scale for both signs.

  Args:
    panel: the axes to draw on.
    cells: [rows, columns].
    limits: of `colour_limits`.

  Returns:
    matplotlib's image, for a colour bar.
  """
  from matplotlib import colormaps
  from matplotlib.colors import ListedColormap

  low, high = limits
  strongest = max(-low, high)
  part = np.linspace(low, high, 256) / strongest
  panel.grid(False)
  return panel.imshow(
    cells,
    aspect="auto",
    interpolation="none",
    cmap=ListedColormap(colormaps[COLORS](0.5 + 0.5 * part)),
    vmin=low,
    vmax=high,
  )


def name_rows(panel, names, families) -> None:
  """Names the tasks at the side of a panel; of many only their families.

  Args:
    panel: the axes.
    names, families: of the tasks, in the order of the rows.
  """
  panel.tick_params(axis="y", length=0)
  if len(names) <= LABELLED:
    labels = [_short(name) for name in told_apart(names)]
    panel.set_yticks(np.arange(len(names)), labels)
    panel.tick_params(axis="y", labelsize=6)
    return
  starts, middles, words = stretches(families)
  for start in starts[1:]:
    panel.axhline(start - 0.5, color=SEPARATOR, linewidth=0.6)
  panel.set_yticks(middles, [_short(w) for w in words])
  panel.set_ylabel(f"{len(names)} tasks")


def told_apart(names) -> list[str]:
  """Names of runs without the parts at either end that all of them share.

  Args:
    names: parts of each stand between hyphens.

  Returns:
    as many; of one name, or where nothing would be left of one, as they were.
  """
  parts = [str(name).split("-") for name in names]
  before = _shared(parts)
  after = _shared([part[before:][::-1] for part in parts])
  cut = ["-".join(part[before : len(part) - after]) for part in parts]
  return cut if len(cut) > 1 and all(cut) else [str(name) for name in names]


def _shared(parts) -> int:
  """How many parts at the start all have in common."""
  same = [len(set(level)) == 1 for level in zip(*parts, strict=False)]
  return same.index(False) if False in same else len(same)


def _short(name: str) -> str:
  name = str(name)
  return name if len(name) <= 32 else name[:31] + "…"


def mark_sources(panel, table) -> None:
  """Writes the sources under the columns that they fill.

  Args:
    panel: the axes.
    table: a data frame with `position` and `source`.
  """
  columns = table.drop_duplicates("position").sort_values("position")
  starts, middles, words = stretches(columns["source"])
  for start in starts[1:]:
    panel.axvline(start - 0.5, color=SEPARATOR, linewidth=0.6)
  if words == [""]:
    panel.set_xticks([])
    return
  panel.set_xticks(
    middles, words, rotation=30, ha="right", rotation_mode="anchor"
  )
  panel.tick_params(axis="x", length=0)


def stretches(words) -> tuple[list[int], list[float], list[str]]:
  """Finds where the same word stands many times in a row.

  Args:
    words: in order.

  Returns:
    the starts, the middles, and the word of each stretch.
  """
  # a column of empty words is read back as one of NaN
  words = [w if isinstance(w, str) else "" for w in words]
  starts = [i for i, w in enumerate(words) if i == 0 or w != words[i - 1]]
  ends = [*starts[1:], len(words)]
  middles = [(a + b - 1) / 2 for a, b in zip(starts, ends, strict=True)]
  return starts, middles, [words[i] for i in starts]
