"""What a study's runs forgot of each source of their pretraining text."""

import os

import numpy as np

from forgetting.config import InputError
from forgetting.records import tokenizers
from forgetting.records.tables import load, run_directories
from forgetting.storage.places import place

ALL = "all"


def by_source(
  study: str | os.PathLike, *, beside: bool = False, together: bool = False
):
  """A table of runs for each source of pretraining text.

  Args:
    study: its folder, with the runs' examples.npz.
    beside: of the text that runs were measured on beside, as a proxy's or
      "self", what the parent wrote; {} where there is none.
    together: all sources as one, `ALL`.

  Returns:
    source -> the fine-tunings' rows, as of `load`, with pretrain_loss and
    base_pretrain_loss of that source: means over its sequences, nats a token.

  Raises:
    InputError: no folder of runs, none that says its sources, or models with
      different tokenizers.
  """
  found: dict[str, dict[str, tuple[float, float]]] = {}
  is_folder = isinstance(study, (str, os.PathLike)) and place(study).is_dir()
  for directory, run in run_directories(place(study)) if is_folder else ():
    file = directory.path / "examples.npz"
    if run.domain is None or not file.exists():
      continue
    with file.open("rb") as opened, np.load(opened) as arrays:
      at = "beside_" if beside else ""
      if f"{at}source" not in arrays:
        continue
      source = arrays[f"{at}source"].astype(str)
      if together:
        source = np.full(len(source), ALL)
      for name in np.unique(source):
        of = source == name
        losses = (
          float(arrays[f"{at}best"][of].mean()),
          float(arrays[f"{at}base"][of].mean()),
        )
        found.setdefault(name, {})[run.name] = losses
  if not found and beside:
    return {}
  if not found:
    named = study if isinstance(study, (str, os.PathLike)) else "the table"
    raise InputError(
      f"{named}: found no losses by source, expected the folder of a study with"
      " finished fine-tunings and their examples.npz"
    )
  tokenizers.check_one([*run_directories(place(study))], "losses by source")
  table = load(study)
  out = {}
  for name, of_runs in sorted(found.items()):
    rows = table[table["run"].isin([*of_runs])].copy()
    pairs = np.array([of_runs[run] for run in rows["run"]])
    rows["pretrain_loss"], rows["base_pretrain_loss"] = pairs.T
    out[name] = rows
  return out
