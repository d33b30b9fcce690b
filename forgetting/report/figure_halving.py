"""B and the injection that halves forgetting, by domain."""

import numpy as np

from forgetting.report import style


def halving(table, *, domains):
  """Draws B and the injection that halves forgetting, a row a domain.

  Args:
    table: `tables.halving`.
    domains: all, in the order that gives them their colours.

  Returns:
    a matplotlib Figure.
  """
  from matplotlib.figure import Figure

  figure = Figure(
    figsize=(style.WIDTH, 1.0 + 0.38 * len(table)), layout="constrained"
  )
  panels = figure.subplots(1, 2, sharey=True)
  names = list(table["domain"])
  for panel, name, scale, label in (
    (panels[0], "B", 1, "B: effect of injection"),
    (panels[1], "half", 100, "Injection that halves forgetting (% of tokens)"),
  ):
    for height, row in enumerate(table.to_dict("records")):
      ends = scale * np.array([row[f"{name}_low"], row[f"{name}_high"]])
      hue = style.color(row["domain"], domains)
      value = scale * row[name]
      if name == "half":  # more than 100 % cannot be injected
        ends = np.minimum(ends, 100)
      panel.plot(ends, [height, height], color=hue, linewidth=2)
      if name == "B" or value <= 100:
        panel.plot(value, height, "o", color=hue, markersize=7)
    panel.set_xscale("log")
    panel.set_xlabel(label)
    panel.grid(axis="y", visible=False)
    style.plain_numbers(panel.xaxis)
  panels[1].axvline(100, **style.BASE)
  panels[0].set_yticks(range(len(names)), names)
  panels[0].set_ylim(len(names) - 0.4, -0.6)
  return figure
