"""The verb that compares remedies against forgetting."""

import tyro

from forgetting.cli.answers import ROOT, find, tell
from forgetting.cli.options import Json, Root, StudyOrTable
from forgetting.cli.quiet import say
from forgetting.config import InputError


def remedies(
  study: tyro.conf.Positional[StudyOrTable],
  *,
  progress: float = 0.95,
  root: Root = ROOT,
  json: Json = None,
) -> int:
  """Compare what prevents forgetting, at one target loss, in one currency.

  Example: forgetting remedies remedies

  Methods, learning rates, optimizers, injection, and what costs no training:
  averages with base and the largest changes alone of plain runs and of those
  that inject their corpus, measured at the first call where best is kept
  (--keep-best). A call that was stopped goes on with the next run.

  Args:
    progress: Part of plain fine-tuning's way to its best target loss, where
      remedies are compared.
  """
  from forgetting import records
  from forgetting.cost.memory import keep_freed_memory
  from forgetting.laws import answers_remedies, paths
  from forgetting.laws.answers import with_line
  from forgetting.records import plan_file, table_columns, tokenizers
  from forgetting.report import figure_remedies
  from forgetting.runs import blends as between

  folder = find(study, root)
  curves, runs = records.curves(folder), records.load(folder)
  if "method" not in curves:
    raise InputError(
      f"{folder}: its evaluations do not say by which method they were trained;"
      " name the study's own folder, or export it anew"
    )
  if not paths.paths_of(curves):
    raise InputError(
      f"remedies: {folder}: found no fine-tuning with finite losses after base,"
      f" expected some to compare{table_columns.found_status(_tuned(runs))}"
    )
  keep_freed_memory()
  between.measure_missing(folder, paths.blended_of(curves), say)
  blends = records.blends(folder)
  found = answers_remedies.remedies(
    curves,
    runs,
    blends,
    progress=progress,
    planned=plan_file.planned(folder),
    memory=_memory(folder),
  )
  drawn = figure_remedies.write(found.data, curves, blends, folder)
  line = tokenizers.line(runs)
  tell(with_line(line, found.text), found.data, json=json)
  if json != "-":
    print(drawn)
  return 0


def _tuned(runs):
  return runs[runs["domain"].notna()]


def _memory(folder) -> dict[str, float]:
  """Run -> bytes of its training step on one device; of each method once."""
  from forgetting import records
  from forgetting.cost.footprint import Mesh, footprint

  out: dict[str, float] = {}
  known: dict[tuple, float] = {}
  for _, run in records.run_directories(folder):
    if run.domain is None:
      continue
    key = run.model, run.method.program, run.batch_size, run.micro_batches
    if key not in known:
      told = footprint(run, Mesh(1, 1), fused_attention=False)
      known[key] = told.total
    out[run.name] = known[key]
  return out
