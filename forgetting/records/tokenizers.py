"""Losses of models with different tokenizers, made comparable: by the byte.

A loss a token is larger where tokens are longer. Runs of one study whose
tokenizers differ are compared in bits a byte, and told in nats a token of one
of the tokenizers: a byte's loss times the bytes that its tokens have on that
text. Amounts of text stay in tokens of each model's own.
"""

from collections.abc import Mapping, Sequence
import math
from typing import TYPE_CHECKING, Any

from forgetting.config import Pretrained, Run
from forgetting.records.directory import RunDirectory

if TYPE_CHECKING:
  import pandas as pd

PER_TOKEN_OF = "per_token_of"  # the tokenizer that losses are told by
SCALES = ("pretrain_scale", "target_scale")  # what they were multiplied by
COLUMNS = (PER_TOKEN_OF, *SCALES)
_OF_SIDE = (
  *("{}_loss", "base_{}_loss", "{}_loss_at_best", "one_error_{}_loss"),
  *("{}_loss_bottom_error", "{}_standard_error", "kl_{}"),
)
_LOSSES: dict[str, tuple[str, ...]] = {
  "pretrain_scale": (
    *(name.format("pretrain") for name in _OF_SIDE),
    *("forgetting", "forgetting_standard_error"),
  ),
  "target_scale": tuple(name.format("target") for name in _OF_SIDE),
}


def compared(
  found: Sequence[tuple[RunDirectory, Run]], results: Sequence[Mapping]
) -> Sequence[Mapping]:
  """Results whose losses can be compared, whatever the tokenizers.

  Args:
    found: the runs of a study or of several.
    results: of them; {} of those that are not done.

  Returns:
    the results as they are where all tokenizers are one; else with all losses
    in nats a token of one tokenizer, and with `COLUMNS`. The smallest model's
    is that one, of each text that was measured with it.
  """
  runs = [run for _, run in found]
  own = [_identity(run, r) for run, r in zip(runs, results, strict=True)]
  if len({one for one, r in zip(own, results, strict=True) if r}) <= 1:
    return results
  order = sorted(range(len(runs)), key=lambda i: runs[i].model.total_params)
  texts: dict[str, list[Any]] = dict(
    pretrain_scale=[run.pretraining for run in runs],
    target_scale=[run.domain for run in runs],
  )
  told: list[dict] = [dict(result) for result in results]
  for scale, of_runs in texts.items():
    lengths = [_bytes_a_token(result, scale) for result in results]
    by: dict[Any, int] = {}
    for i in order:
      if not math.isnan(lengths[i]):
        by.setdefault(of_runs[i], i)
    for i, result in enumerate(told):
      j = by.get(of_runs[i], i)
      # of one tokenizer the bytes differ by the sequences measured alone
      one = own[i] == own[j] or math.isnan(lengths[i])
      result[scale] = 1.0 if one else lengths[j] / lengths[i]
      if scale == SCALES[0]:
        result[PER_TOKEN_OF] = _name(runs[j])
  return [rescaled(result, result) for result in told]


def rescaled(row: Mapping, result: Mapping) -> dict:
  """What was measured of a run, its losses by the result's scales.

  Args:
    row: a result, an evaluation, a point between base and best.
    result: the run's, of `compared`.
  """
  out = dict(row)
  for scale, names in _LOSSES.items():
    factor = result.get(scale, 1.0)
    out |= {n: row[n] * factor for n in names if row.get(n) is not None}
  return out


def line(table: "pd.DataFrame") -> str | None:
  """What was done to a table's losses; None: nothing."""
  if PER_TOKEN_OF not in table:
    return None
  names = ", ".join(sorted({*table[PER_TOKEN_OF].dropna()}))
  return (
    "tokenizers differ: losses are compared by the byte and told in nats a"
    f" token of {names}; amounts of text are in tokens of each model's own"
  )


def _identity(run: Run, result: Mapping) -> str:
  """Of a tokenizer, by its content where the result has it."""
  for about in result.get("data", {}).values():
    if digest := str(about.get("tokenizer", "")).partition(" sha256:")[2]:
      return digest
  return run.tokenizer


def _bytes_a_token(result: Mapping, scale: str) -> float:
  """Of the text that a run was measured on; NaN where it does not tell."""
  side = scale.removesuffix("_scale")
  loss = result.get(f"base_{side}_loss")
  bits = result.get(f"base_{side}_bits_per_byte")
  return loss / (math.log(2) * bits) if loss and bits else math.nan


def _name(run: Run) -> str:
  parent = run.parent
  return parent.word if isinstance(parent, Pretrained) else run.tokenizer
