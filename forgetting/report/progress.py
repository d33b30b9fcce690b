"""How much of pretraining a fine-tuning undoes: 1 - s/S.

s is the step at which the pretraining curve had the loss that is now measured,
S its last step. The curve is shifted to end at the base loss, since it was
measured on other batches.
"""

import numpy as np

from forgetting.laws.tolerance import Curve, from_nats
from forgetting.report.evidence import Evidence


def pretraining_curves(evidence: Evidence) -> dict[float, Curve]:
  """Model params -> the curve of the first pretraining of that size."""
  curves = evidence.curves
  if not len(curves):
    return {}
  domain = curves["domain"]
  curves = curves[domain.isna() | (domain.astype(str) == "")]
  curves = curves[np.isfinite(curves["pretrain_loss"].to_numpy(float))]
  found = {}
  for size, rows in curves.groupby("model_params"):
    rows = rows[rows["run"] == rows["run"].iloc[0]]
    if len(rows) > 1:
      found[size] = Curve(
        rows["step"].to_numpy(), rows["pretrain_loss"].to_numpy()
      )
  return found


def lost(evidence: Evidence):
  """One row a run: `progress_lost`, percent; None without any curve.

  A run that ends below its base has lost nothing.
  """
  curves = pretraining_curves(evidence)
  runs = evidence.measured
  runs = runs[runs["model_params"].isin(curves)]
  if not len(runs):
    return None
  found = [
    from_nats(
      run["forgetting"],
      "progress",
      base_loss=run["base_pretrain_loss"],
      curve=curves[run["model_params"]],
    )
    for run in runs.to_dict("records")
  ]
  columns = ["domain", "model_params", "target_tokens", "injection", "seed"]
  return runs[[*columns, "forgetting"]].assign(progress_lost=found)
