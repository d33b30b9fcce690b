"""How much of pretraining a fine-tuning undoes: 1 - s/S.

s is the step at which the pretraining curve had the loss that is now measured,
S its last step. The curve is shifted to end at the base loss, since it was
measured on other batches.
"""

from forgetting.laws.curve import Curve, by_size
from forgetting.laws.tolerance import from_nats
from forgetting.report.evidence import Evidence


def pretraining_curves(evidence: Evidence) -> dict[float, Curve]:
  """Reads the pretraining curves of a study.

  Returns:
    model params -> the curve of the first pretraining of that size; {} for a
    table of runs.
  """
  return by_size(evidence.curves) if len(evidence.curves) else {}


def lost(evidence: Evidence):
  """Tells how much of pretraining every run has undone.

  A run that ends below its base has lost nothing.

  Args:
    evidence: the runs, and the curves of their pretrainings.

  Returns:
    a data frame, one row a run, with `forgetting` (nats per token) and
    `progress_lost` (percent); None where no run has a curve.
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
