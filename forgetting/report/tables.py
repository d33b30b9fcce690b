"""The numbers behind each figure, one data frame a figure."""

import numpy as np

from forgetting.laws.invert import halving_injection
from forgetting.report.evidence import Evidence, cells
from forgetting.report.fitted import DomainLaws

LINE_POINTS = 32
CURVE_COLUMNS = [
  "run",
  "domain",
  "model_params",
  "target_tokens",
  "injection",
  "seed",
  "step",
  "tokens",
  "epoch",
  "pretrain_loss",
  "target_loss",
]


def u_curves(evidence: Evidence):
  """Makes the table of the U-curves: every evaluation of one cell's runs.

  The cell has the most injections and is of the domain that comes first; of
  those the one whose target loss has turned in the most runs, so that the U is
  seen, and then the one with the most target tokens.

  Args:
    evidence: the runs.

  Returns:
    a data frame, one row an evaluation, the best of a run marked; None where
    no run has evaluations.
  """
  curves = evidence.curves
  if not len(curves):
    return None
  runs = evidence.measured
  runs = runs[runs["run"].isin(curves["run"])]
  # one line an injection: the first seed
  runs = runs.drop_duplicates(
    ["domain", "model_params", "target_tokens", "injection"]
  )
  if not len(runs):
    return None
  groups = {cell: rows for cell, rows in cells(runs)}
  most = max(len(rows) for rows in groups.values())
  full = [cell for cell, rows in groups.items() if len(rows) == most]
  full = [cell for cell in full if cell[0] == full[0][0]]
  chosen = groups[max(full, key=lambda cell: _turned(cell, groups[cell]))]
  table = curves[_keys(curves).isin(_keys(chosen))]
  chosen = chosen.set_index("run")
  table = table[CURVE_COLUMNS].sort_values(["injection", "step"])
  best = chosen["best_step"].loc[table["run"]].to_numpy()
  return table.assign(best=(table["step"].to_numpy() == best))


def _keys(table):
  """A run's key in a folder of studies, a row a row of the table."""
  import pandas as pd

  return pd.MultiIndex.from_frame(table[["study", "run"]])


def _turned(cell, rows) -> tuple:
  _, size, tokens = cell
  return ((rows["best_step"] < rows["steps"]).sum(), tokens, size)


def injection(evidence: Evidence, fits: list[DomainLaws]):
  """Makes the table of the pretraining loss against injection.

  Args:
    evidence: the runs.
    fits: the laws of each domain.

  Returns:
    a data frame with rows of kind measured, law and published; None of one
    injection. `law` is the form that gives the advice, with its 95 % band in
    `low` and `high`; `published` is there where that is another form.
  """
  import pandas as pd

  measured = evidence.measured
  if measured["injection"].nunique() < 2:
    return None
  columns = [
    "run",
    "domain",
    "model_params",
    "target_tokens",
    "injection",
    "seed",
    "pretrain_loss",
    "base_pretrain_loss",
  ]
  parts = [measured[columns].assign(kind="measured")]
  by_domain = {f.domain: f for f in fits if f.advisor}
  for (domain, params, tokens), runs in cells(measured):
    if domain not in by_domain:
      continue
    line = pd.DataFrame({"injection": _through(measured["injection"])})
    line = line.assign(
      domain=domain,
      model_params=params,
      target_tokens=tokens,
      base_pretrain_loss=runs["base_pretrain_loss"].mean(),
    )
    parts.append(_law(line, by_domain[domain].advisor, kind="law"))
    published = by_domain[domain].forgetting
    if published is not None and not by_domain[domain].published:
      parts.append(_law(line, published, kind="published"))
  return pd.concat(parts, ignore_index=True)


def _law(line, fit, *, kind: str):
  law = fit.predict(line)
  return line.assign(
    kind=kind,
    pretrain_loss=law["prediction"],
    low=law["law_low"],
    high=law["law_high"],
  )


def _through(injections) -> np.ndarray:
  """Injections of a line: even steps on an axis linear near 0, then log."""
  levels = np.unique(injections)
  positive = levels[levels > 0]
  if not len(positive):
    return levels
  line = np.geomspace(positive[0], positive[-1], LINE_POINTS)
  if levels[0] == 0:
    line = np.concatenate([np.linspace(0, positive[0], 10)[:-1], line])
  return np.unique(np.concatenate([line, positive]))


def sizes(evidence: Evidence, fits: list[DomainLaws]):
  """Makes the table of forgetting against target tokens and model size.

  At the least injection that every domain has run.

  Args:
    evidence: the runs.
    fits: the laws of each domain.

  Returns:
    a data frame; None where there is one of each. Rows of kind measured are
    means over seeds; of kind law they have the 95 % band in `low` and `high`,
    and `axis` tells which of the two they run along.
  """
  import pandas as pd

  runs, axes = evidence.measured, ["target_tokens", "model_params"]
  least = runs.groupby("domain")["injection"].min().max()
  runs = runs[runs["injection"] == least]
  if (runs[axes].nunique() < 2).all():
    return None
  points = runs.groupby(["domain", *axes], as_index=False).agg(
    forgetting=("forgetting", "mean"), base=("base_pretrain_loss", "mean")
  )
  points = points.assign(kind="measured", axis="", low=np.nan, high=np.nan)
  parts = [points]
  by_domain = {f.domain: f.advisor for f in fits if f.advisor}
  for domain, cells_ in points.groupby("domain"):
    if domain not in by_domain:
      continue
    for axis, other in (axes, reversed(axes)):
      line = _along(cells_, axis, other).assign(injection=least)
      law = by_domain[domain].predict(line.rename(columns=RENAMED))
      base = line["base"]
      parts.append(
        line.assign(
          kind="law",
          axis=axis,
          forgetting=law["prediction"] - base,
          low=law["law_low"] - base,
          high=law["law_high"] - base,
        )
      )
  return pd.concat(parts, ignore_index=True).assign(injection=least)


RENAMED = {"base": "base_pretrain_loss"}


def _along(cells_, axis: str, other: str):
  """Lines along one axis, at every level of the other."""
  import pandas as pd

  first, last = cells_[axis].min(), cells_[axis].max()
  through = np.geomspace(first, last, LINE_POINTS) if last > first else [first]
  return pd.concat(
    [
      pd.DataFrame({axis: through}).assign(
        # forgetting does not depend on the base: any will do
        **{"domain": rows["domain"].iloc[0], other: level},
        base=cells_["base"].mean(),
      )
      for level, rows in cells_.groupby(other)
    ],
    ignore_index=True,
  )


def halving(fits: list[DomainLaws], level: float = 0.95):
  """Makes the table of B and the injection that halves forgetting.

  Args:
    fits: the laws of each domain.
    level: of the intervals.

  Returns:
    a data frame, one row a domain whose law is identified; None without any.
  """
  import pandas as pd

  rows = []
  for domain_laws in fits:
    fit = domain_laws.forgetting
    if fit is None or {"alpha", "B"} & set(fit.unidentified):
      continue
    half, (low, high) = halving_injection(fit, level), fit.interval(level)["B"]
    rows.append(
      dict(
        domain=domain_laws.domain,
        B=fit.params["B"],
        B_low=low,
        B_high=high,
        half=half.value,
        half_low=half.low,
        half_high=half.high,
      )
    )
  return pd.DataFrame(rows) if rows else None


def predicted(evidence: Evidence, fits: list[DomainLaws]):
  """Makes the table of measured losses beside the fitted ones.

  Args:
    evidence: the runs.
    fits: the laws of each domain.

  Returns:
    a data frame, one row a run and law; None without a law. `base` is what to
    take off both to see the forgetting alone.
  """
  import pandas as pd

  parts = []
  for domain_laws in fits:
    runs = evidence.measured
    runs = runs[runs["domain"].astype(str) == domain_laws.domain]
    runs = runs.reset_index(drop=True)
    for law in ("forgetting", "target"):
      fitted = getattr(domain_laws, law)
      if fitted is None:
        continue
      loss = "pretrain_loss" if law == "forgetting" else "target_loss"
      interval = fitted.predict(runs)
      columns = ["run", "domain", "model_params", "target_tokens", "injection"]
      parts.append(
        runs[columns].assign(
          law=law,
          measured=runs[loss],
          predicted=interval["prediction"],
          low=interval["low"],
          high=interval["high"],
          base=runs["base_pretrain_loss"] if law == "forgetting" else 0.0,
        )
      )
  return pd.concat(parts, ignore_index=True) if parts else None
