"""Forgetting against injection, with the fitted law."""

import numpy as np

from forgetting.report import style


def injection(table, *, domains, sizes):
  """Draws forgetting against injection.

  A row a domain, a column an amount of target tokens, a shade a model size.

  Args:
    table: `tables.injection`.
    domains: all, in the order that gives them their colours.
    sizes: all model sizes, in the order that gives them their markers.

  Returns:
    a matplotlib Figure.
  """
  from matplotlib.figure import Figure

  base = table["base_pretrain_loss"]
  ends = [c for c in ("pretrain_loss", "low", "high") if c in table]
  table = table.assign(**{c: table[c] - base for c in ends})
  shown = [d for d in domains if (table["domain"] == d).any()]
  columns = sorted(table["target_tokens"].unique())
  height = 0.9 + 2.1 * len(shown)
  figure = Figure(figsize=(style.WIDTH, height), layout="constrained")
  grid = figure.subplots(
    len(shown), len(columns), sharex=True, sharey=True, squeeze=False
  )
  for row, domain in zip(grid, shown, strict=True):
    here = table[table["domain"] == domain]
    hue = style.color(domain, domains)
    shades = [n for n in sizes if (here["model_params"] == n).any()]
    for panel, amount in zip(row, columns, strict=True):
      rows = here[here["target_tokens"] == amount]
      for i, size in enumerate(shades):
        part = rows[rows["model_params"] == size]
        _series(
          panel,
          part,
          color=hue,
          alpha=style.shade(i, len(shades)),
          marker=style.marker(size, sizes),
        )
      panel.axhline(0.0, **style.BASE)
      _axis(panel, table["injection"][table["kind"] == "measured"])
    row[0].set_ylabel(f"{domain}\nForgetting (nats/token)")
    row[-1].legend(
      handles=_keys(shades, hue, here),
      loc="upper left",
      bbox_to_anchor=(1.02, 1.05),
      title="Parameters",
    )
  measured = table[table["kind"] == "measured"]["pretrain_loss"].to_numpy()
  low, high = min(measured.min(), 0.0), max(measured.max(), 0.0)
  room = 0.08 * max(high - low, 0.01)
  grid[0, 0].set_ylim(low - room, high + room)
  for panel, amount in zip(grid[0], columns, strict=True):
    panel.set_title(f"{style.count(amount)} target tokens")
  figure.supxlabel("Injection (share of tokens)", fontsize=9)
  return figure


def _series(panel, part, *, color, alpha, marker) -> None:
  measured = part[part["kind"] == "measured"]
  law = part[part["kind"] == "law"].sort_values("injection")
  panel.plot(
    measured["injection"],
    measured["pretrain_loss"],
    marker=marker,
    linestyle="",
    color=color,
    alpha=alpha,
    zorder=3,
  )
  published = part[part["kind"] == "published"].sort_values("injection")
  panel.plot(
    published["injection"],
    published["pretrain_loss"],
    color=color,
    alpha=alpha,
    linewidth=0.9,
    linestyle=(0, (4, 2)),
  )
  if len(law):
    panel.plot(law["injection"], law["pretrain_loss"], color=color, alpha=alpha)
    panel.fill_between(
      law["injection"],
      law["low"],
      law["high"],
      color=color,
      alpha=0.1,
      linewidth=0,
    )
  else:
    means = measured.groupby("injection")["pretrain_loss"].mean()
    panel.plot(means.index, means, color=color, alpha=alpha, linewidth=0.8)


def _axis(panel, injections) -> None:
  """Logarithmic above the least positive injection, linear down to 0."""
  from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

  levels = np.unique(injections)
  positive = levels[levels > 0]
  if len(positive):
    panel.set_xscale("symlog", linthresh=positive[0], linscale=0.5)
    panel.set_xlim(-0.12 * positive[0], positive[-1] * 1.35)
  panel.xaxis.set_major_locator(FixedLocator(_apart(levels)))
  panel.xaxis.set_minor_locator(NullLocator())
  panel.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _tick(x)))


def _apart(levels) -> list[float]:
  """The levels whose labels do not touch: a factor of 2.5 between them."""
  kept = []
  for level in reversed(levels):
    if not kept or kept[-1] >= 2.5 * level:
      kept.append(level)
  return kept


def _tick(injection: float) -> str:
  return "0" if injection == 0 else f"{100 * injection:.3g}%"


def _keys(sizes, hue, table) -> list:
  from matplotlib.lines import Line2D

  keys = [
    Line2D(
      [],
      [],
      color=hue,
      alpha=style.shade(i, len(sizes)),
      linewidth=5,
      label=style.count(size),
    )
    for i, size in enumerate(sizes)
  ]
  kinds = set(table["kind"])
  if "law" in kinds:
    keys.append(Line2D([], [], color=hue, label="law, 95 % band"))
  if "published" in kinds:
    dashes = dict(linewidth=0.9, linestyle=(0, (4, 2)))
    keys.append(Line2D([], [], color=hue, label="published form", **dashes))
  keys.append(Line2D([], [], label="base", **style.BASE))
  return keys
