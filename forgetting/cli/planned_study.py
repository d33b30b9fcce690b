"""The study file that plan writes: runs of a study, or those to add to one."""

from collections.abc import Mapping, Sequence
import os
import pathlib
import pprint
from typing import Any

from forgetting import records
from forgetting.cli import answers
from forgetting.config import InputError, Run, Study
from forgetting.config.cells import Cell, cell_of, runs_at, tuned_on
from forgetting.config.names import domain_name
from forgetting.laws import plan_table
from forgetting.laws.answers import Report
from forgetting.records import plan_file
from forgetting.storage import places

OF_FILE = '''"""Runs of {name} that `forgetting plan` chose.

{told}
"""

import dataclasses
import pathlib

from forgetting.config.cells import runs_at, tuned_on
from forgetting.config.study_file import load_study

FILE = {place}
CELLS = {{  # (model params, target tokens, injection): seeds
{cells}
}}


def study():
  whole = load_study(str(FILE))
  runs = runs_at(tuned_on(whole.runs, {domain!r}, {method!r}), CELLS)
  return dataclasses.replace(whole, runs=runs)
'''
OF_FOLDER = '''"""The runs of {name}, and those that `forgetting plan` adds.

{told}
"""

import pathlib

from forgetting import records
from forgetting.config import Study
from forgetting.config.cells import runs_at, tuned_on
from forgetting.storage.places import place

FOLDER = place({place})
CELLS = {{  # (model params, target tokens, injection): seeds
{cells}
}}


def study():
  done = tuple(run for _, run in records.run_directories(FOLDER))
  more = runs_at(tuned_on(done, {domain!r}, {method!r}), CELLS)
  runs = tuple(dict.fromkeys(done + more))
  return Study(name={name!r}, runs=runs, tolerance={tolerance})
'''
ALIKE = 1e-9  # of injections that are the same


def of_file(
  report: Report,
  study: Study,
  file: str,
  *,
  out: str,
  domain: str | None,
  method: str,
) -> int:
  """Writes the runs of a plan of a study file.

  Args:
    report: of the plan; its table is of runs.
    study, file: what was planned, and where it is.
    out: where the new file goes, which names the other beside it.
    domain: of the runs; by default the first of the study.
    method: of the runs, a word.

  Returns:
    how many runs it has.

  Raises:
    InputError: a name that is no study file's, or no such runs.
  """
  domain = domain or next(domain_name(r.domain) for r in study.runs if r.domain)
  like = _like(study.runs, domain, method, study.name)
  cells = {cell: range(n) for cell, n in _counted(report, like).items()}
  facts = dict(name=os.path.basename(file), domain=domain, method=method)
  return _write(OF_FILE, report, file, like, cells, out, facts)


def of_folder(
  report: Report,
  folder: pathlib.Path,
  *,
  out: str,
  domain: str | None,
  method: str,
) -> int:
  """Writes the runs of a study's folder, and a plan's with seeds that are free.

  Args:
    report, out, method: as of `of_file`.
    folder: of the study.
    domain: may be left out where the study has one.

  Returns:
    how many runs are new.

  Raises:
    InputError: as `of_file`; of a table, which does not tell how runs were
      trained; or a domain that is to be said.
  """
  if not folder.is_dir() or records.exported(folder):
    raise InputError(
      f"--out: found tables, {folder}, which do not tell how runs were trained,"
      " expected a study's folder or a study file"
    )
  runs = [run for _, run in records.run_directories(folder)]
  names = list(dict.fromkeys(domain_name(r.domain) for r in runs if r.domain))
  if domain is None and len(names) > 1:
    raise InputError(
      f"--out: found no --domain, expected one of {', '.join(names)}"
    )
  domain = domain or names[0]
  like = _like(runs, domain, method, folder.name)
  taken: dict[Cell, set[int]] = {}
  for run in like:
    taken.setdefault(cell_of(run), set()).add(run.seed)
  cells = {
    cell: _free(taken.get(cell, set()), count)
    for cell, count in _counted(report, like).items()
  }
  tolerance = plan_file.tolerance_of(folder) or 0.05
  facts = dict(name=folder.name, domain=domain, method=method)
  facts |= dict(tolerance=tolerance)
  return _write(OF_FOLDER, report, folder, like, cells, out, facts)


def _like(runs: Sequence[Run], domain: str, method: str, study: str):
  like = tuned_on(runs, domain, method)
  if not like:
    raise InputError(
      f"--out: {study} has no fine-tuning on {domain} by the method {method},"
      " expected one that the runs to add are to be like"
    )
  return like


def _counted(report: Report, like: Sequence[Run]) -> dict[Cell, int]:
  """How often each cell is run; an injection is the study's, or a round one."""
  known = {float(run.injection) for run in like}
  cells: dict[Cell, int] = {}
  table: Any = report.table
  for row in plan_table.counted(table).itertuples():
    near = [p for p in known if abs(p - row.injection) < ALIKE]
    p = near[0] if near else float(f"{row.injection:.2g}")
    cell = round(row.model_params), round(row.target_tokens), p
    cells[cell] = cells.get(cell, 0) + int(row.seeds)
  return cells


def _free(taken: set[int], count: int) -> list[int]:
  """The first seeds that no run has."""
  return [
    s for s in range(max(taken, default=0) + 1 + count) if s not in taken
  ][:count]


def _write(
  form: str,
  report: Report,
  source: os.PathLike | str,
  like: Sequence[Run],
  cells: Mapping[Cell, Sequence[int]],
  out: str,
  facts: Mapping,
) -> int:
  if pathlib.Path(out).suffix != ".py":
    raise InputError(f"--out {out}: expected a name that ends in .py")
  new = runs_at(like, cells)  # what cannot be is told here
  inner = pprint.pformat(
    {cell: tuple(seeds) for cell, seeds in cells.items()},
    sort_dicts=False,
    width=74,
  )[1:-1]
  text = form.format(
    told=report.text.split("\n")[0],
    cells="\n".join(f"  {line.strip()}" for line in inner.split("\n")) + ",",
    place=_place(source, pathlib.Path(out)),
    **facts,
  )
  answers.write_text(text, out, option="--out")
  return len(new)


def _place(source: os.PathLike | str, out: pathlib.Path) -> str:
  """Python that tells where the source is, as seen from the file."""
  if places.is_remote(os.fspath(source)):
    return repr(os.fspath(source))
  there = pathlib.Path(source).resolve()
  return f"pathlib.Path(__file__).parent / {_relative(there, out)!r}"


def _relative(there: pathlib.Path, out: pathlib.Path) -> str:
  return os.path.relpath(there, out.resolve().parent)
