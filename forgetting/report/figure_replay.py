"""What each replay policy leaves of forgetting, at equal injection."""

import numpy as np

from forgetting.associations.policies import POLICIES
from forgetting.report import style

NAMES = {
  "uniform": "uniform",
  "predicted": "by a short run",
  "online": "by the run itself",
  "true": "by a whole run",
}


def replay(table):
  """Draws the forgetting removed: a panel a domain, a colour a policy.

  Args:
    table: `associations.policies.compare`.

  Returns:
    a matplotlib Figure.
  """
  from matplotlib.figure import Figure

  domains = sorted(table["domain"].unique())
  figure = Figure(figsize=(style.WIDTH, 3.1), layout="constrained")
  panels = figure.subplots(1, len(domains), sharey=True, squeeze=False)[0]
  levels = sorted(table["injection"].unique())
  for panel, domain in zip(panels, domains, strict=True):
    for i, policy in enumerate(POLICIES):
      rows = table[(table["domain"] == domain) & (table["policy"] == policy)]
      rows = rows.sort_values("injection")
      # side by side: intervals that lie on each other cannot be read
      x = np.searchsorted(levels, rows["injection"]) + 0.12 * (i - 1.5)
      below = rows["removed"] - rows["removed_low"]
      panel.errorbar(
        x,
        rows["removed"],
        yerr=np.nan_to_num([below, rows["removed_high"] - rows["removed"]]),
        marker=style.MARKERS[i],
        color=style.DOMAINS[i],
        linestyle="",
        elinewidth=1,
        label=NAMES[policy],
      )
    panel.set_title(domain)
    panel.set_xticks(range(len(levels)), [f"{100 * p:g} %" for p in levels])
    panel.grid(visible=False, axis="x")
  panels[0].set_ylabel("Forgetting removed (nats/token)")
  panels[-1].legend(
    loc="upper left", bbox_to_anchor=(1.02, 1.02), title="Replay chosen"
  )
  figure.supxlabel("Injection (share of tokens)", fontsize=9)
  return figure
