"""A study of two thousand runs is told, relaunched and read as one of two."""

import importlib.util
import pathlib

from forgetting import records
from forgetting.launch import slurm, verbs
from forgetting.records import RunDirectory
from forgetting.study import study as study_lib

FILE = pathlib.Path(__file__).parents[2] / "benchmarks" / "launch.py"
spec = importlib.util.spec_from_file_location("benchmark", FILE)
benchmark = importlib.util.module_from_spec(spec)
spec.loader.exec_module(benchmark)


def planned(study, root):
  options = dict(only=(), limit=None, profile_file=None, study_file="load.py")
  return verbs.planned(study, root=str(root), **options)


def test_two_thousand_runs(cache, text, tmp_path):
  study = benchmark.study((text["news"],), (text["law"], text["poems"]))
  runs, launch = planned(study, tmp_path)
  assert len(runs) == len(launch.todo) == 2020
  files = slurm.render(launch)
  names = [text for name, text in files.items() if name.endswith(".names")]
  assert sorted("".join(names).split()) == sorted(run.name for run in runs)
  # the pretrainings, and the children of each
  assert len(names) == 1 + benchmark.SIZES
  assert "load: 0 of 2020 runs done" in verbs.status(launch, runs, on="local")

  benchmark.write_results(study, str(tmp_path))
  summary = study_lib.do_study(study, root=str(tmp_path))
  assert len(summary.skipped) == 2020 and not summary.failed
  table, curves = (
    read(tmp_path / "load") for read in (records.load, records.curves)
  )
  assert len(table) == 2020 and set(table.status) == {"done"}
  assert len(curves) == 2020 * benchmark.EVALUATIONS
  assert sorted(table.run) == sorted(curves.run.unique())

  lost = RunDirectory.of(tmp_path, "load", runs[-1])
  (lost.path / "result.json").unlink()
  runs, launch = planned(study, tmp_path)
  assert launch.todo == runs[-1:]
  told = verbs.status(launch, runs, on="local")
  assert "load: 2019 of 2020 runs done" in told
