"""Another trainer's runs as a table of runs: what maps its words to ours.

What a history does not say (how large the model is, how much target text there
was, what was injected) is asked for by name, in a small file to be filled in.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import json
import pathlib
import re
import typing

from forgetting.config import InputError
from forgetting.records import bottom
from forgetting.records.histories import STEP, History
from forgetting.records.table_columns import DONE
from forgetting.storage import places

if typing.TYPE_CHECKING:
  import pandas as pd

LOSSES = ("pretrain_loss", "target_loss")
ASKED = ("domain", "model_params", "target_tokens", "injection")
BASE = tuple(f"base_{loss}" for loss in LOSSES)
LIST = 8  # names that an error lists
# words in the name of a metric that tell which text it is of
_GENERAL = "pretrain general replay retain base broad old mix".split()
_TARGET = "target domain task new finetune sft".split()
_TOKENS = ("num_input_tokens_seen", "tokens", "num_tokens")


@dataclasses.dataclass
class Mapping:
  """What a trainer's words mean.

  Attributes:
    metrics: our loss -> name of the metric; None is to be filled in.
    all: column -> what it is of every run.
    runs: name -> column -> what it is of that run, before `all`.
  """

  metrics: dict[str, str | None]
  all: dict[str, object]
  runs: dict[str, dict[str, object]]

  @classmethod
  def guessed(cls, histories: Sequence[History]) -> Mapping:
    """The metrics by their names; all else is left to be filled in.

    Args:
      histories: all runs.
    """
    known = sorted({name for history in histories for name in history.metrics})
    found: dict[str, str | None] = {
      "pretrain_loss": _one(known, _GENERAL),
      "target_loss": _one(known, _TARGET),
    }
    asked = dict.fromkeys(column for column in ASKED if column != "injection")
    return cls(found, asked, {h.name: {"injection": None} for h in histories})

  @classmethod
  def read(cls, file: pathlib.Path) -> Mapping:
    """Reads a file that `write` made and somebody filled in.

    Raises:
      InputError: it is something else.
    """
    try:
      content = json.loads(file.read_text(encoding="utf-8"))
      parts = [content[field.name] for field in dataclasses.fields(cls)]
    except (ValueError, KeyError, TypeError) as error:
      raise InputError(
        f"{file}: found no mapping ({error}), expected metrics, all and runs;"
        " delete it to have it written anew"
      ) from error
    return cls(*parts)

  def write(self, file: pathlib.Path) -> None:
    """Writes it to be filled in."""
    text = json.dumps(dataclasses.asdict(self), indent=2) + "\n"
    places.write(file, text.encode())

  def of(self, run: str) -> dict[str, object]:
    """What is known of a run, by column."""
    return {**self.all, **self.runs.get(run, {})}


def _one(names: Sequence[str], words: Sequence[str]) -> str | None:
  """The one evaluated loss whose name has one of the words."""
  losses = [n for n in names if "loss" in n.lower() and "train/" not in n]
  found = [
    name for name in losses if {*re.split(r"[^a-z]+", name.lower())} & {*words}
  ]
  return found[0] if len(found) == 1 else None


def table(histories: Sequence[History], mapping: Mapping, where: str):
  """Makes the table of runs.

  The bottom of each run's U-curve is found as for our own runs. Base is the
  evaluation of step 0, where there is one.

  Args:
    histories: the runs.
    mapping: filled in.
    where: what errors call the mapping.

  Returns:
    a pandas.DataFrame, one row a run, with our columns; tokens (of all steps)
    where the trainer counted them, or by its epochs over the mixed text.

  Raises:
    InputError: what is missing, by name.
  """
  import pandas as pd

  missing = _missing(histories, mapping)
  if missing:
    raise InputError(f"{where}: fill in {'; '.join(missing)}")
  return pd.DataFrame([_row(history, mapping, where) for history in histories])


def _missing(histories: Sequence[History], mapping: Mapping) -> list[str]:
  known = sorted({name for history in histories for name in history.metrics})
  out = []
  for loss in LOSSES:
    metric = mapping.metrics.get(loss)
    if metric not in known:
      found = f"found {metric!r}, " if metric else ""
      out.append(f"metrics.{loss} ({found}logged are {_list(known)})")
  for column in ASKED:
    lack = [h.name for h in histories if mapping.of(h.name).get(column) is None]
    if len(lack) == len(histories):
      out.append(f"{column} (in all, or of each run)")
    elif lack:
      out.append(f"{column} of {_list(lack)}")
  if out:
    return out
  for loss, column in zip(LOSSES, BASE, strict=True):
    lack = [
      h.name
      for h in histories
      if mapping.of(h.name).get(column) is None
      and not len(_curve(h, mapping).query(f"{STEP} == 0"))
    ]
    if lack:
      out.append(
        f"{column} of {_list(lack)}: no evaluation at step 0 (a Trainer's"
        f" eval_on_start); the {loss} of the model before"
      )
  return out


def _list(names: Sequence[str]) -> str:
  more = f" and {len(names) - LIST} more" if len(names) > LIST else ""
  return ", ".join(names[:LIST]) + more


def _curve(history: History, mapping: Mapping) -> pd.DataFrame:
  """Steps at which both losses were evaluated."""
  names = [str(mapping.metrics[loss]) for loss in LOSSES]
  lacking = [name for name in names if name not in history.frame]
  if lacking:
    raise InputError(
      f"{history.name}: found no {' and no '.join(lacking)}, expected both"
      " losses in every run"
    )
  kept = history.frame.dropna(subset=names)
  return kept.rename(columns=dict(zip(names, LOSSES, strict=True)))


def _row(history: History, mapping: Mapping, where: str) -> dict:
  known, curve = mapping.of(history.name), _curve(history, mapping)
  trained = curve[curve[STEP] > 0]
  if not len(trained):
    raise InputError(
      f"{history.name}: found no evaluation of both losses after step 0,"
      " expected one"
    )
  numbers = {name: _number(known, name, history.name, where) for name in ASKED}
  found = bottom.bottom(
    *(curve[name].tolist() for name in (STEP, "target_loss", "pretrain_loss"))
  )
  first = curve[curve[STEP] == 0]
  base: dict[str, object] = {
    column: known[column]
    if known.get(column) is not None
    else float(first[loss].iloc[0])
    for loss, column in zip(LOSSES, BASE, strict=True)
  }
  out = dict(run=history.name, **numbers, **base)
  out |= {k: known[k] for k in ("seed",) if known.get(k) is not None}
  out |= dict(
    pretrain_loss=found.pretrain_loss,
    target_loss=found.target_loss,
    best_step=found.step,
    steps=int(history.frame[STEP].max()),
    status=DONE,
  )
  return out | _tokens(history.frame, numbers)


def _number(known: dict, column: str, run: str, where: str) -> object:
  value = known[column]
  if column == "domain":
    return str(value)
  if isinstance(value, bool) or not isinstance(value, int | float):
    raise InputError(
      f"{where}: {column} of {run}: found {value!r}, expected a number"
    )
  if column == "injection" and not 0 <= value < 1:
    raise InputError(
      f"{where}: injection of {run}: found {value}, expected a fraction of the"
      " tokens within [0, 1); is it percent?"
    )
  return value


def _tokens(frame: pd.DataFrame, numbers: dict) -> dict:
  """Tokens of all steps: counted, or epochs of the mixed text."""
  for name in (*_TOKENS, "epoch"):
    if name in frame and frame[name].max() > 0:
      read = float(frame[name].max())
      if name != "epoch":
        return dict(tokens=read)
      mixed = numbers["target_tokens"] / (1 - numbers["injection"])
      return dict(tokens=read * mixed)
  return {}
