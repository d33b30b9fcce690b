"""Predicted losses against measured ones."""

import numpy as np

from forgetting.report import style


def predicted(table, *, domains, sizes):
  """Draws predicted losses against measured ones, and forgetting alone.

  Args:
    table: `tables.predicted`.
    domains: all, in the order that gives them their colours.
    sizes: all model sizes, in the order that gives them their markers.

  Returns:
    a matplotlib Figure.
  """
  from matplotlib.figure import Figure

  panels = []
  forgetting = table[table["law"] == "forgetting"]
  target = table[table["law"] == "target"]
  if len(forgetting):
    panels.append(("Pretraining loss", "nats/token", forgetting, 0.0))
    panels.append(("Forgetting", "nats/token", forgetting, forgetting["base"]))
  if len(target):
    panels.append(("Target loss", "nats/token", target, 0.0))
  figure = Figure(
    figsize=(style.WIDTH * len(panels) / 3 + 0.4, 3.7), layout="constrained"
  )
  axes = figure.subplots(1, len(panels), squeeze=False)[0]
  for panel, (name, unit, rows, base) in zip(axes, panels, strict=True):
    rows = rows.assign(
      measured=rows["measured"] - base, predicted=rows["predicted"] - base
    )
    _identity(panel, rows)
    points(panel, rows, domains, sizes)
    if np.ndim(base) == 0:
      tell_errors(panel, rows)
    panel.set_title(name)
    panel.set_xlabel(f"Measured ({unit})")
    panel.set_ylabel(f"Predicted ({unit})")
  key(figure, table, domains, sizes)
  figure.get_layout_engine().execute(figure)  # square panels need two
  return figure


def points(panel, rows, domains, sizes) -> None:
  """Draws runs as points: colours by domain, markers by size.

  Args:
    panel: matplotlib's axes.
    rows: with domain, model_params, measured and predicted.
    domains, sizes: all of them, in order.
  """
  for (domain, size), part in rows.groupby(["domain", "model_params"]):
    panel.plot(
      part["measured"],
      part["predicted"],
      linestyle="",
      marker=style.marker(size, sizes),
      alpha=0.75,
      markersize=4.5,
      markeredgewidth=0,
      color=style.color(domain, domains),
    )


def tell_errors(panel, rows) -> None:
  """Writes each domain's mean relative error into a panel's corner.

  Args:
    panel, rows: as of `points`.
  """
  panel.text(
    0.03,
    0.97,
    _errors(rows),
    transform=panel.transAxes,
    va="top",
    fontsize=8.5,
  )


def key(figure, table, domains, sizes) -> None:
  """Writes below a figure which colour and marker is what.

  Args:
    figure: matplotlib's.
    table: all rows, as of `points`.
    domains, sizes: all of them, in order.
  """
  from matplotlib.lines import Line2D

  shown = [d for d in domains if (table["domain"] == d).any()]
  keys = [
    Line2D(
      [], [], linestyle="", marker="o", label=d, color=style.color(d, domains)
    )
    for d in shown
  ] + [
    Line2D(
      [],
      [],
      linestyle="",
      marker=style.marker(n, sizes),
      color=style.INK,
      label=f"{style.count(n)} parameters",
    )
    for n in sizes
    if (table["model_params"] == n).any()
  ]
  figure.legend(
    handles=keys, loc="outside lower center", ncols=6, borderaxespad=1.0
  )


def _identity(panel, rows) -> None:
  values = rows[["measured", "predicted"]].to_numpy()
  low, high = values.min(), values.max()
  room = 0.06 * max(high - low, 1e-3)
  limits = (low - room, high + room)
  panel.plot(limits, limits, **style.BASE)
  panel.set_xlim(limits)
  panel.set_ylim(limits)
  panel.set_aspect("equal")


def _errors(rows) -> str:
  error = (rows["predicted"] / rows["measured"] - 1).abs()
  means = error.groupby(rows["domain"]).mean()
  lines = [f"{domain} {100 * mean:.2g} %" for domain, mean in means.items()]
  return "\n".join(["mean relative error", *lines])
