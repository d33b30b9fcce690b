"""The verb that reads what another trainer logged."""

import pathlib
from typing import Annotated

import tyro

from forgetting.cli import answers
from forgetting.config import InputError


def import_(
  source: tyro.conf.Positional[
    Annotated[
      str,
      tyro.conf.arg(
        metavar="SOURCE",
        help="trainer_state.json, TensorBoard's event files, a folder of those,"
        " or a table of logged steps, as Weights & Biases and trackio export.",
      ),
    ]
  ],
  *,
  out: str = "table.csv",
) -> int:
  """Make a table of runs from what another trainer logged.

  The first call writes a small file beside the table, which says what of the
  trainer's words is which of ours; fill it in and call again.

  Example: forgetting import ./outputs --out table.csv

  Args:
    out: The table to write, as CSV; fit, advise and report read it.
  """
  from forgetting.records import histories, importing

  table = pathlib.Path(out)
  if table.suffix.lower() != ".csv":
    raise InputError(f"--out: found {out}, expected a name that ends in .csv")
  found = histories.read(pathlib.Path(source))
  file = table.with_suffix(".json")
  if not file.exists():
    importing.Mapping.guessed(found).write(file)
    print(f"{len(found)} runs; wrote what their words mean to {file}")
  made = importing.table(found, importing.Mapping.read(file), str(file))
  answers.write_text(made.to_csv(index=False), out, option="--out")
  print(f"{len(made)} runs in {table}; next: forgetting fit {table}")
  return 0
