"""Losses of models with different tokenizers, made comparable: by the byte.

A loss a token is larger where tokens are longer. Runs of one study whose
tokenizers differ are compared in bits a byte, and told in nats a token of one
of the tokenizers: a byte's loss times the bytes that its tokens have on that
text. Amounts of text stay in tokens of each model's own.
"""

from collections.abc import Mapping, Sequence
import math
from typing import TYPE_CHECKING, Any

from forgetting.config import InputError, Pretrained, Run
from forgetting.records.directory import RunDirectory
from forgetting.storage import places

if TYPE_CHECKING:
  import pandas as pd

PER_TOKEN_OF = "per_token_of"  # whose tokens losses on the corpus are told by
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


Found = Sequence[tuple[RunDirectory, Run]]


def scales(
  found: Found, results: Sequence[Mapping] | None = None
) -> list[dict]:
  """By what the losses of each run are multiplied to be compared.

  Args:
    found: the runs of a study or of several.
    results: of them; {} of those that are not done. None: they are read where
      they are asked for, which is where tokenizers have several names.

  Returns:
    {} for each run where all tokenizers are one; else `COLUMNS`. Losses are
    told in nats a token of the smallest model's tokenizer, of each text that
    was measured with it; NaN where a run that is not done does not tell its
    bytes a token yet.

  Raises:
    InputError: a run that is done does not tell them.
  """
  runs = [run for _, run in found]
  if len({run.tokenizer for run in runs}) <= 1:
    return [{} for _ in runs]
  results = _read(found) if results is None else results
  own = _identities(runs, results)
  if len({*own}) <= 1:
    return [{} for _ in runs]
  order = sorted(range(len(runs)), key=lambda i: runs[i].model.total_params)
  texts: dict[str, list[Any]] = dict(
    pretrain_scale=[run.pretraining for run in runs],
    target_scale=[run.domain for run in runs],
  )
  out: list[dict] = [{} for _ in runs]
  for scale, of_runs in texts.items():
    side = scale.removesuffix("_scale")
    known: dict[Any, float] = {}  # bytes a token, by tokenizer and text
    by: dict[Any, int] = {}  # the run whose tokenizer a text is compared by
    for i in order:
      if of_runs[i] is None:
        continue
      length = _bytes_a_token(found[i], results[i], side)
      if not math.isnan(length):
        known.setdefault((own[i], of_runs[i]), length)
        by.setdefault(of_runs[i], i)
    for i, text in enumerate(of_runs):
      at = by.get(text, i)
      mine, theirs = (known.get((own[j], text), math.nan) for j in (i, at))
      out[i][scale] = 1.0 if own[i] == own[at] else theirs / mine
      if scale == SCALES[0]:
        out[i][PER_TOKEN_OF] = _name(runs[at])
  return out


def rescaled(row: Mapping, by: Mapping) -> dict:
  """What was measured of a run, with losses that can be compared.

  Args:
    row: a result, an evaluation, a point between base and best.
    by: the run's, of `scales`.
  """
  out = dict(row)
  for scale, names in _LOSSES.items():
    factor = by.get(scale, 1.0)
    out |= {n: row[n] * factor for n in names if row.get(n) is not None}
  return out


def compared(found: Found, results: Sequence[Mapping]) -> list[Mapping]:
  """Results whose losses can be compared, with `COLUMNS` where they were not.

  Args:
    found, results: as of `scales`; those that are {} stay so.

  Raises:
    InputError: as `scales`.
  """
  pairs = zip(results, scales(found, results), strict=True)
  return [
    rescaled(result, by) | by if result and by else result
    for result, by in pairs
  ]


def check_one(found: Found, what: str) -> None:
  """Refuses what cannot be told over several tokenizers.

  Args:
    found: the runs that it would be told of.
    what: it is.

  Raises:
    InputError: they have more than one.
  """
  if any(scales(found)):
    runs = [run for _, run in found]
    names = ", ".join(sorted({_name(run) for run in runs}))
    raise InputError(
      f"{what}: found models with different tokenizers ({names}), expected one:"
      " their sequences are not the same; give each tokenizer a study of its"
      " own"
    )


def line(table: "pd.DataFrame") -> str | None:
  """What was done to a table's losses; None: nothing."""
  if PER_TOKEN_OF not in table:
    return None
  names = ", ".join(sorted({*table[PER_TOKEN_OF].dropna()}))
  return (
    "tokenizers differ: losses are compared by the byte and told in nats a"
    f" token of {names}; amounts of text are in tokens of each model's own"
  )


def _read(found: Found) -> list[Mapping]:
  return places.each([directory for directory, _ in found], RunDirectory.result)


def _identities(runs: Sequence[Run], results: Sequence[Mapping]) -> list[str]:
  """Of each run's tokenizer: of its content where any result has it."""
  names = [run.tokenizer for run in runs]
  digests: dict[str, str] = {}
  for name, result in zip(names, results, strict=True):
    for about in result.get("data", {}).values():
      if found := str(about.get("tokenizer", "")).partition(" sha256:")[2]:
        digests[name] = found
  return [digests.get(name, name) for name in names]


def _bytes_a_token(
  found: tuple[RunDirectory, Run], result: Mapping, side: str
) -> float:
  """Of the text that a run was measured on; NaN of one that has not begun."""
  directory, run = found
  loss = result.get(f"base_{side}_loss")
  bits = result.get(f"base_{side}_bits_per_byte")
  if loss and bits:
    return loss / (math.log(2) * bits)
  if result.get("status") == "done":
    raise InputError(
      f"{run.name}: found no {side}_bits_per_byte in its result, expected it:"
      " models of this study have different tokenizers, and their losses are"
      " compared by the byte"
    )
  for record in directory.records()[:1]:
    loss, bits = (
      record.get(f"{side}_{name}") for name in ("loss", "bits_per_byte")
    )
    if loss and bits:
      return loss / (math.log(2) * bits)
  return math.nan


def _name(run: Run) -> str:
  parent = run.parent
  return parent.word if isinstance(parent, Pretrained) else run.tokenizer
