"""Forgetting net of a control: what replayed text alone has taught a model.

A public checkpoint is at no minimum of a stand-in for its pretraining text:
replay teaches it that text, which is no forgetting that was prevented. A
control trains on the same text alone, by the same method; its change of the
pretraining loss, where it has seen as much of that text as a run, is not the
fine-tuning's. How much is the sum of tokens times the learning rate that they
were seen at: a control's first tokens fall into its warm-up, a run's do not.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from forgetting.config import InputError, Run
from forgetting.records.directory import RunDirectory
from forgetting.records.methods import finetunings

if TYPE_CHECKING:
  import pandas as pd

COLUMNS = ("control_change", "net_forgetting")


def columns(
  found: Sequence[tuple[RunDirectory, Run]], results: Sequence[Mapping]
) -> dict[str, np.ndarray]:
  """The columns that controls make possible.

  Args:
    found: the runs of a study or of several.
    results: of them, of `tokenizers.compared`; {} of those that are not done.

  Returns:
    control_change, nats a token: of the pretraining loss of the control where
    it has seen as much replayed text as a run at its best; net_forgetting: the
    run's without it. NaN where there is no control, or the run has lost its
    records; {} where no run is a control.
  """
  told = {
    _key(directory, run): _curve(directory.records())
    for directory, run in found
    if run.is_control
  }
  if not told:
    return {}
  change = np.full(len(found), np.nan)
  forgetting = np.full(len(found), np.nan)
  for i, ((directory, run), result) in enumerate(
    zip(found, results, strict=True)
  ):
    key = _key(directory, run)
    curve = told.get(key)
    if curve is None and not run.injection:
      # without injection a control of any source has taught nothing
      curve = next((c for k, c in told.items() if k[:-1] == key[:-1]), None)
    if run.is_control or curve is None or result.get("status") != "done":
      continue
    seen = run.injection * _seen(directory, run, result)
    change[i] = np.interp(seen, *curve) * result.get("pretrain_scale", 1.0)
    forgetting[i] = result["pretrain_loss"] - result["base_pretrain_loss"]
  return dict(zip(COLUMNS, (change, forgetting - change), strict=True))


def net_of_control(table: "pd.DataFrame") -> tuple["pd.DataFrame", str]:
  """Takes what the replayed text alone has taught off every run's forgetting.

  Args:
    table: a data frame, one row a run, of a study with a control.

  Returns:
    the fine-tunings that have a control and all pretrainings, with the
    pretraining loss without the control's change; and a line on it.

  Raises:
    InputError: no run has a control.
  """
  change = np.full(len(table), np.nan)
  if COLUMNS[0] in table:
    change = table[COLUMNS[0]].to_numpy(float)
  told = np.isfinite(change)
  if not told.any():
    raise InputError(
      "--net: found no run with a control, expected a study of a checkpoint"
      " with one: a run on the replayed text alone (domain None, injection 1)"
    )
  kept = told | ~np.asarray(finetunings(table))
  least, most = change[told].min(), change[told].max()
  out = table.assign(
    pretrain_loss=table["pretrain_loss"] - np.where(told, change, 0.0)
  )[kept]
  line = (
    "net of the control: what the replayed text alone has taught,"
    f" {least:.3g} to {most:.3g} nats, is taken off"
  )
  if not kept.all():
    line += f"; {(~kept).sum()} runs without a control left out"
  return out, line


def _key(directory: RunDirectory, run: Run) -> tuple:
  """What a run and its control have in common."""
  study = directory.path.parent
  source = run.replay_source
  return study, run.parent, run.model, run.pretraining, run.method, source


def _seen(directory: RunDirectory, run: Run, result: Mapping) -> float:
  """What a run has seen at its best: tokens times the rate they came at."""
  if not run.injection:
    return 0.0
  records = directory.records()
  if not records:
    return np.nan
  tokens, rates = _tokens_and_rates(records)
  best = result["best_step"] * run.tokens_per_step
  return float(np.interp(best, tokens, _summed(tokens, rates)))


def _curve(records: Iterable[Mapping]) -> tuple[np.ndarray, np.ndarray] | None:
  """What was seen, and the change of the loss since the first evaluation."""
  known = [r for r in records if r["pretrain_loss"] is not None]
  if not known:
    return None
  losses = np.array([record["pretrain_loss"] for record in known])
  return _summed(*_tokens_and_rates(known)), losses - losses[0]


def _tokens_and_rates(records) -> tuple[np.ndarray, np.ndarray]:
  """Of each evaluation; one rate for all where none is told."""
  pairs = [(record["tokens"], record.get("lr")) for record in records]
  tokens, rates = np.array(pairs, float).T
  return tokens, rates if np.isfinite(rates).all() else np.ones(len(tokens))


def _summed(tokens: np.ndarray, rates: np.ndarray) -> np.ndarray:
  steps = np.diff(tokens) * (rates[1:] + rates[:-1]) / 2
  return np.concatenate([[0.0], np.cumsum(steps)])
