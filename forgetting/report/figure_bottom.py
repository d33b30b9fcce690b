"""When the target loss turned, measured and by the law."""

from forgetting.report import figure_predicted, style


def bottom(table, *, domains, sizes):
  """Draws predicted tokens until the bottom against measured ones.

  Args:
    table: `bottom.points`.
    domains: all, in the order that gives them their colours.
    sizes: all model sizes, in the order that gives them their markers.

  Returns:
    a matplotlib Figure, a panel a kind of fit.
  """
  from matplotlib.figure import Figure

  kinds = list(dict.fromkeys(table["kind"]))
  figure = Figure(
    figsize=(style.WIDTH * len(kinds) / 3 + 0.4, 3.7), layout="constrained"
  )
  axes = figure.subplots(1, len(kinds), squeeze=False)[0]
  values = table[["measured", "predicted"]].to_numpy()
  limits = values.min() / 1.15, values.max() * 1.15
  for panel, kind in zip(axes, kinds, strict=True):
    rows = table[table["kind"] == kind]
    panel.plot(limits, limits, **style.BASE)
    figure_predicted.points(panel, rows, domains, sizes)
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xlim(limits)
    panel.set_ylim(limits)
    panel.set_aspect("equal")
    for axis in (panel.xaxis, panel.yaxis):
      style.plain_numbers(axis)
    figure_predicted.tell_errors(panel, rows)
    panel.set_title(kind.capitalize())
    panel.set_xlabel("Measured (tokens)")
    panel.set_ylabel("Predicted (tokens)")
  figure_predicted.key(figure, table, domains, sizes)
  figure.get_layout_engine().execute(figure)  # square panels need two
  return figure
