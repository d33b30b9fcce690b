"""Both losses of one cell while it is fine-tuned: the U-curve."""

from forgetting.report import style

LABELS = {
  "target_loss": "Target loss (nats/token)",
  "pretrain_loss": "Pretraining loss (nats/token)",
}


def u_curves(table, *, domains):
  """Draws both losses of one cell against steps, then against each other.

  Args:
    table: `tables.u_curves`.
    domains: all, in the order that gives them their colours.

  Returns:
    a matplotlib Figure.
  """
  from matplotlib.figure import Figure

  first = table.iloc[0]
  hue = style.color(first["domain"], domains)
  levels = sorted(table["injection"].unique())
  figure = Figure(figsize=(style.WIDTH, 3.4), layout="constrained")
  target, pretraining, both = figure.subplots(1, 3)
  for p, rows in table.groupby("injection"):
    line = style.injected(p, levels, hue)
    # a log axis has no step 0: what is there is the base line
    rows = rows[rows["step"] > 0].sort_values("step")
    _curve(target, rows, "step", "target_loss", line)
    _curve(pretraining, rows, "step", "pretrain_loss", line)
    _curve(both, rows, "target_loss", "pretrain_loss", line)
  for panel, column in (
    (target, "target_loss"),
    (pretraining, "pretrain_loss"),
  ):
    panel.set_xscale("log")
    style.plain_counts(panel.xaxis, table["step"])
    panel.set_xlabel("Fine-tuning steps")
    panel.set_ylabel(LABELS[column])
    _room_below_start(panel, table, column)
  both.set_xlim(target.get_ylim())
  both.set_ylim(pretraining.get_ylim())
  both.locator_params(axis="x", nbins=5)
  both.set_xlabel(LABELS["target_loss"])
  both.set_ylabel(LABELS["pretrain_loss"])
  base = table.loc[table["step"] == 0, "pretrain_loss"]
  for panel in (pretraining, both) if len(base) else ():
    _base_line(panel, base.mean())
  figure.legend(
    handles=_keys(levels, hue, base=len(base) > 0),
    loc="outside right center",
    title="Injection",
  )
  figure.suptitle(
    f"{first['domain']}, {style.count(first['model_params'])} parameters, "
    f"{style.count(first['target_tokens'])} target tokens",
    fontsize=9.5,
  )
  return figure


def _base_line(panel, loss: float) -> None:
  """In sight also where every curve begins above it."""
  low, high = panel.get_ylim()
  panel.set_ylim(min(low, loss - 0.04 * (high - loss)), high)
  panel.axhline(loss, **style.BASE)


def _curve(panel, rows, x: str, y: str, line: dict) -> None:
  panel.plot(rows[x], rows[y], **line)
  best = rows[rows["best"].astype(bool)]
  panel.plot(
    best[x],
    best[y],
    marker="*",
    markersize=12,
    linestyle="",
    color=line["color"],
    alpha=line["alpha"],
    markeredgecolor=style.INK,
    markeredgewidth=0.6,
    zorder=4,
  )


def _keys(levels, hue, *, base: bool) -> list:
  from matplotlib.lines import Line2D

  keys = [
    Line2D([], [], label=style.percent(p), **style.injected(p, levels, hue))
    for p in levels
  ]
  keys.append(
    Line2D(
      [],
      [],
      marker="*",
      markersize=10,
      linestyle="",
      color="none",
      markeredgecolor=style.INK,
      label="best",
    )
  )
  if base:
    keys.append(Line2D([], [], label="base", **style.BASE))
  return keys


def _room_below_start(panel, table, column) -> None:
  """Keeps the first steps from squeezing the bottom of the U."""
  late = table[table["step"] > 0]
  low, high = late[column].min(), late[column].max()
  if column == "target_loss":
    ends = late.sort_values("step").groupby("run")[column].last()
    best = late.loc[late["best"].astype(bool), column]
    high = min(high, max(ends.max(), low + 6 * (best.max() - low)) * 1.02)
    high = max(high, low + 0.4 * (late[column].max() - low))
  room = 0.06 * (high - low)
  panel.set_ylim(low - room, high + room)
