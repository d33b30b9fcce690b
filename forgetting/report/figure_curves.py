"""Both losses of one cell against steps: the U-curve."""

from forgetting.report import style

LABELS = {
  "pretrain_loss": "Pretraining loss (nats per token)",
  "target_loss": "Target loss (nats per token)",
}


def u_curves(table, *, domains):
  """Both losses of one cell against steps, one line an injection."""
  from matplotlib.figure import Figure

  first = table.iloc[0]
  hue = style.color(first["domain"], domains)
  levels = sorted(table["injection"].unique())
  figure = Figure(figsize=(style.WIDTH, 3.5), layout="constrained")
  panels = figure.subplots(1, 2)
  for panel, column in zip(
    panels, ("target_loss", "pretrain_loss"), strict=True
  ):
    for p, rows in table.groupby("injection"):
      line = _line(p, levels, hue)
      rows = rows.sort_values("step")
      # a log axis has no step 0: what is there is the base line
      shown = rows[rows["step"] > 0]
      panel.plot(shown["step"], shown[column], **line)
      best = shown[shown["best"].astype(bool)]
      panel.plot(
        best["step"],
        best[column],
        marker="*",
        markersize=12,
        linestyle="",
        color=line["color"],
        alpha=line["alpha"],
        markeredgecolor=style.INK,
        markeredgewidth=0.6,
        zorder=4,
      )
    panel.set_xscale("log")
    _plain_steps(panel, table["step"])
    panel.set_xlabel("Fine-tuning steps")
    panel.set_ylabel(LABELS[column])
    _room_below_start(panel, table, column)
  base = table.loc[table["step"] == 0, "pretrain_loss"]
  if len(base):
    panels[1].axhline(
      base.mean(), color=style.INK, linewidth=0.9, linestyle=(0, (1, 2))
    )
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


def _line(p, levels, hue) -> dict:
  """No injection is ink, dashed; more injection is more of the domain."""
  if p == 0:
    return dict(color=style.INK, alpha=1.0, linestyle=(0, (4, 1.5)))
  positive = [level for level in levels if level > 0]
  alpha = style.shade(positive.index(p), len(positive))
  return dict(color=hue, alpha=alpha, linestyle="-")


def _keys(levels, hue, *, base: bool) -> list:
  from matplotlib.lines import Line2D

  keys = [
    Line2D([], [], label=style.percent(p), **_line(p, levels, hue))
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
    keys.append(
      Line2D(
        [],
        [],
        color=style.INK,
        linewidth=0.9,
        linestyle=(0, (1, 2)),
        label="base",
      )
    )
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


def _plain_steps(panel, steps) -> None:
  """Tick labels such as 20, 50, 100 where a log axis says 10^1.3."""
  from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

  positive = steps[steps > 0]
  panel.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=20))
  panel.xaxis.set_major_formatter(FuncFormatter(lambda x, _: style.count(x)))
  panel.xaxis.set_minor_formatter(NullFormatter())
  panel.set_xlim(positive.min() * 0.93, positive.max() * 1.07)
