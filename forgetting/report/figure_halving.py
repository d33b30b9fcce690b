"""B and the injection that halves forgetting, by domain."""

import numpy as np

from forgetting.report import style


def halving(table, *, domains):
  """Two panels: a row a domain, with its 95 % interval."""
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
    for place, row in enumerate(table.to_dict("records")):
      ends = scale * np.array([row[f"{name}_low"], row[f"{name}_high"]])
      hue = style.color(row["domain"], domains)
      value = scale * row[name]
      if name == "half":  # more than 100 % cannot be injected
        ends = np.minimum(ends, 100)
      panel.plot(ends, [place, place], color=hue, linewidth=2)
      if name == "B" or value <= 100:
        panel.plot(value, place, "o", color=hue, markersize=7)
    panel.set_xscale("log")
    panel.set_xlabel(label)
    panel.grid(axis="y", visible=False)
    style.plain_numbers(panel.xaxis)
  panels[1].axvline(100, **style.BASE)
  panels[0].set_yticks(range(len(names)), names)
  panels[0].set_ylim(len(names) - 0.4, -0.6)
  return figure
