"""Percent of pretraining progress that fine-tuning undoes, by model size."""

from forgetting.report import style


def progress(table, *, domains):
  """Draws pretraining progress lost against model size.

  A panel a domain, at its most target tokens; a shade an injection.

  Args:
    table: `progress.lost`.
    domains: all, in the order that gives them their colours.

  Returns:
    a matplotlib Figure.
  """
  from matplotlib.figure import Figure

  shown = [d for d in domains if (table["domain"] == d).any()]
  columns = min(len(shown), 4)
  rows = -(-len(shown) // columns)
  figure = Figure(
    figsize=(min(style.WIDTH, 2.0 + 3.2 * columns), 0.5 + 2.7 * rows),
    layout="constrained",
  )
  panels = figure.subplots(
    rows, columns, sharex=True, sharey=True, squeeze=False
  ).ravel()
  for panel in panels[len(shown) :]:
    panel.remove()
  for panel, domain in zip(panels[: len(shown)], shown, strict=True):
    here = table[table["domain"] == domain]
    tokens = here["target_tokens"].max()
    here = here[here["target_tokens"] == tokens]
    _lines(panel, here, style.color(domain, domains))
    panel.set_title(f"{domain}, {style.count(tokens)} target tokens")
    panel.set_ylim(-4, 104)
    style.plain_counts(panel.xaxis, table["model_params"])
    panel.xaxis.set_tick_params(labelbottom=True)
    panel.legend(
      loc="upper left", bbox_to_anchor=(1.0, 1.03), title="Injection"
    )
  figure.supxlabel("Model (non-embedding parameters)", fontsize=9)
  figure.supylabel("Pretraining progress lost (%)", fontsize=9)
  return figure


def _lines(panel, table, hue: str) -> None:
  levels = sorted(table["injection"].unique())
  for p in levels:
    rows = table[table["injection"] == p].groupby("model_params")
    means = rows["progress_lost"].mean()
    panel.plot(
      means.index,
      means,
      marker="o",
      clip_on=False,
      label=style.percent(p),
      **style.injected(p, levels, hue),
    )
