"""Forgetting against target tokens and against model size, with the law."""

from forgetting.report import style

LABELS = {
  "target_tokens": "Target tokens (unique)",
  "model_params": "Model (non-embedding parameters)",
}
LINES = {"target_tokens": "parameters", "model_params": "target tokens"}
OTHER = {"target_tokens": "model_params", "model_params": "target_tokens"}


def sizes(table, *, domains, sizes):
  """Draws forgetting along target tokens (left) and model size (right).

  A row a domain; an axis of which all runs have one value is left out.

  Args:
    table: `tables.sizes`.
    domains: all, in the order that gives them their colours.
    sizes: all model sizes, in the order that gives them their markers.

  Returns:
    a matplotlib Figure.
  """
  from matplotlib.figure import Figure

  axes = [axis for axis in LABELS if table[axis].nunique() > 1]
  shown = [d for d in domains if (table["domain"] == d).any()]
  figure = Figure(
    figsize=(style.WIDTH * len(axes) / 2, 0.9 + 2.3 * len(shown)),
    layout="constrained",
  )
  grid = figure.subplots(
    len(shown), len(axes), sharex="col", sharey="row", squeeze=False
  )
  for row, domain in zip(grid, shown, strict=True):
    here = table[table["domain"] == domain]
    hue = style.color(domain, domains)
    for panel, axis in zip(row, axes, strict=True):
      _panel(panel, here, axis, hue=hue, sizes=sizes)
    _legend(row, axes)
    row[0].set_ylabel(f"{domain}\nForgetting (nats/token)")
    measured = here.loc[here["kind"] == "measured", "forgetting"]
    room = 0.15 * max(measured.max() - measured.min(), 0.01)
    row[0].set_ylim(measured.min() - room, measured.max() + room)
  for panel, axis in zip(grid[-1], axes, strict=True):
    panel.set_xlabel(LABELS[axis])
    style.plain_counts(panel.xaxis, table[axis])
  return figure


def _legend(row, axes) -> None:
  """One legend right of a row of panels: what their lines are, by panel."""
  from matplotlib.lines import Line2D

  entries = []
  for panel, axis, side in zip(row, axes, ("Left", "Right"), strict=False):
    title = f"{side}: {LINES[axis]}" if len(axes) > 1 else LINES[axis]
    blank = Line2D([], [], linestyle="", label=title)
    entries += [blank, *panel.get_legend_handles_labels()[0]]
  row[-1].legend(handles=entries, loc="upper left", bbox_to_anchor=(1.0, 1.03))


def _panel(panel, table, axis: str, *, hue: str, sizes) -> None:
  other = OTHER[axis]
  levels = sorted(table.loc[table["kind"] == "measured", other].unique())
  for i, level in enumerate(levels):
    part = table[table[other] == level]
    alpha = style.shade(i, len(levels))
    law = part[(part["kind"] == "law") & (part["axis"] == axis)]
    panel.plot(law[axis], law["forgetting"], color=hue, alpha=alpha)
    if i == len(levels) // 2:
      panel.fill_between(
        law[axis], law["low"], law["high"], color=hue, alpha=0.12, linewidth=0
      )
    points = part[part["kind"] == "measured"].sort_values(axis)
    size = level if other == "model_params" else None
    panel.plot(
      points[axis],
      points["forgetting"],
      marker=style.marker(size, sizes) if size else "o",
      color=hue,
      alpha=alpha,
      linestyle="" if len(law) else "-",
      linewidth=0.8,
      label=style.count(level),
      zorder=3,
    )
