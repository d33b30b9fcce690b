"""A study as a few small tables: to share, to keep, to read in a notebook.

  <out>/runs.parquet     one row a run: `records.load`, and what results add
  <out>/curves.parquet   one row an evaluation: `records.curves`
  <out>/data.parquet     one row a source of text: `records.data`, no text
  <out>/matrix.npz       the forgetting matrix, float32, compressed

Where such a folder is given instead of a study, its tables are read.
"""

import importlib.resources
import io
import os
import pathlib

import numpy as np

from forgetting import records
from forgetting.associations import load
from forgetting.associations.matrix import ForgettingMatrix
from forgetting.config import InputError
from forgetting.records import EXPORTED, plan_file, tokenizers
from forgetting.report.evidence import EXTRAS
from forgetting.storage import arrow, places
from forgetting.storage.places import place

# a small study that comes with the program, as such tables
EXAMPLE = importlib.resources.files("forgetting.example")

ADDED = (*EXTRAS, "wall_seconds", "device")
NAMES = ("tasks", "examples", "sources", "families", "repeats")


def export(study: str | os.PathLike, out: str | os.PathLike) -> pathlib.Path:
  """Writes a study's tables into a folder, over those of an earlier export.

  Args:
    study: <root>/<study>, done or half done.
    out: the folder, made where it is not there.

  Returns:
    the folder.

  Raises:
    InputError: no study there, or a folder that cannot be written.
  """
  arrow.need("forgetting export")
  study, out = place(study), place(out)
  if os.path.abspath(study) == os.path.abspath(out):
    raise InputError(
      f"--out: found the study's own folder {out}, expected another one"
    )
  if study.is_file() or records.exported(study):
    raise InputError(
      f"{study}: found tables, expected a study's folder with its runs"
    )
  runs = _runs(study)
  finetunings = runs[runs["domain"].notna()]
  # of a study without finished fine-tunings there is no matrix, nor of models
  # that do not measure the same sequences
  done = (finetunings["status"] == "done").any()
  done &= tokenizers.PER_TOKEN_OF not in runs
  files = {
    "runs": _parquet(runs),
    "curves": _parquet(records.curves(study)),
    "data": _parquet(records.data(study)),
    "matrix": npz_of(load.load(study)) if done else None,
  }
  with places.of_out(out):
    places.make_folder(out)
    for name, content in files.items():
      if content is None:
        (out / EXPORTED[name]).unlink(missing_ok=True)
      else:
        places.write(out / EXPORTED[name], content)
    if (tolerance := plan_file.tolerance_of(study)) is not None:
      plan_file.write(out, tolerance=tolerance)
  return out


def told(out: pathlib.Path) -> dict:
  """Tells what is in an exported folder.

  Args:
    out: the folder.

  Returns:
    runs, evaluations, the matrix's shape (None without one) and bytes a
    table, as JSON takes them.
  """
  sizes = {
    name: (out / file).stat().st_size
    for name, file in EXPORTED.items()
    if (out / file).exists()
  }
  shape = load.load(out).shape if "matrix" in sizes else None
  return {
    "folder": str(out),
    "runs": len(records.load(out)),
    "evaluations": len(records.curves(out)),
    "matrix": list(shape) if shape else None,
    "bytes": sizes,
  }


def _runs(study: pathlib.Path):
  """`records.load`, with what only the results say."""
  table = records.load(study)
  # in the order of the table: studies of one folder may share a run's name
  found = list(records.run_directories(study))
  results = tokenizers.compared(found, [d.result() for d, _ in found])
  for column in ADDED:
    values = [result.get(column) for result in results]
    if any(value is not None for value in values):
      table[column] = values
  return table


def _parquet(table) -> bytes:
  buffer = io.BytesIO()
  table.to_parquet(buffer, index=False, compression="zstd")
  return buffer.getvalue()


def npz_of(matrix: ForgettingMatrix) -> bytes:
  """Packs a matrix as `associations.load` reads it, without texts.

  Losses were measured in float32: nothing that was measured is rounded away.

  Args:
    matrix: of a study.

  Returns:
    the bytes of an npz file.
  """
  arrays = {name: getattr(matrix, name) for name in NAMES}
  if len(np.unique(matrix.parents)) > 1:
    arrays |= dict(parents=matrix.parents, targets=matrix.targets)
  if matrix.base is not None:
    arrays["base"] = matrix.base.astype(np.float32)
  buffer = io.BytesIO()
  np.savez_compressed(buffer, Z=matrix.values.astype(np.float32), **arrays)
  return buffer.getvalue()
