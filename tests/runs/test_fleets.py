"""Runs trained together against the same runs trained alone."""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from small import small_finetuning

from forgetting.config import KL, LoRA, Run, Study, canonical
from forgetting.records import RunDirectory
from forgetting.study.study import do_study

# root, slots (0: alone), steps before it is stopped (-1: never), runs
RUNS = """
import json, pathlib, sys
import jax
jax.config.update("jax_num_cpu_devices", DEVICES)
from forgetting.config import Run, canonical
from forgetting.records import StudyDirectory
from forgetting.runs import fleets
from forgetting.runs.options import RunOptions
from forgetting.runs.run import do_run
from forgetting.runs.starts import Starts
from forgetting.training.fleet import Fleet
from forgetting.training.loop import Interrupted

root, slots, stop_at, *files = sys.argv[1:]
runs = [canonical.from_dict(Run, json.loads(pathlib.Path(f).read_text()))
        for f in files]
calls = iter(range(10**9))
stop = lambda: 0 <= int(stop_at) <= next(calls)
options = RunOptions(study=StudyDirectory.at(root, "toy"), executor="alone",
                     stop=stop)
starts = Starts()
if int(slots):
  fleet = Fleet(**fleets.shape_of(runs[0]).options, slots=int(slots))
  for run, result, error in fleets.do_runs(runs, fleet, options,
                                           starts=starts):
    told = result["status"] if result else type(error).__name__
    print(run.name, told, flush=True)
    if error:
      print(error, file=sys.stderr)
else:
  for run in runs:
    try:
      print(run.name, do_run(run, options, starts=starts)["status"])
    except Interrupted:
      print(run.name, "Interrupted", flush=True)
"""


def train(
  runs, root, *, devices: int, slots: int = 0, stop_at: int = -1
) -> dict[str, str]:
  """Name of each run -> what became of it, in a process of its own."""
  root.mkdir(exist_ok=True)
  files = [root / f"{run.name}.json" for run in runs]
  for run, file in zip(runs, files, strict=True):
    file.write_text(canonical.to_json(run))
  code = RUNS.replace("DEVICES", str(devices))
  arguments = [str(root), str(slots), str(stop_at), *map(str, files)]
  done = subprocess.run(
    [sys.executable, "-c", code, *arguments],
    env=os.environ | {"JAX_PLATFORMS": "cpu"},
    capture_output=True,
    text=True,
    check=False,
  )
  print(done.stderr)  # pytest shows it where a test fails
  assert done.returncode == 0
  return dict(line.split() for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def grid(text) -> list[Run]:
  """Runs of one shape that differ in all else; one of them diverges."""
  run = small_finetuning(text)
  replace = dataclasses.replace
  fast = replace(run.optimizer, peak_lr=1e-2, warmup_steps=0)
  wild = replace(run.optimizer, peak_lr=1e30, warmup_steps=0)
  return [
    run,
    replace(run, injection=0),
    replace(run, injection=0.5, steps=14),
    replace(run, target_tokens_asked=96, steps=7),
    replace(run, target_tokens_asked=64, steps=120, optimizer=fast),
    replace(run, domain=text["poems"]),
    replace(run, domain=text["poems"], seed=1, optimizer=fast, steps=5),
    replace(run, optimizer=wild),
    replace(run, seed=2),
    replace(run, seed=3, injection=0, steps=21),
  ]


@pytest.fixture(scope="module")
def alone(grid, prepared_cache, tmp_path_factory) -> pathlib.Path:
  """Root of the runs trained one after another on one device."""
  root = tmp_path_factory.mktemp("alone")
  with pytest.MonkeyPatch.context() as patch:
    patch.setenv("FORGETTING_CACHE", str(prepared_cache))
    told = train([grid[0].parent, *grid], root, devices=1)
  assert list(told.values()).count("diverged") == 1
  return root


def with_parent(alone, root, run: Run) -> pathlib.Path:
  """A root in which the parent of the runs is done."""
  parent = RunDirectory.of(alone, "toy", run.parent).path
  (root / "toy").mkdir(parents=True)
  (root / "toy" / parent.name).symlink_to(parent)
  return root


def check_same(runs, alone, together) -> None:
  for run in runs:
    one = RunDirectory.of(alone, "toy", run)
    other = RunDirectory.of(together, "toy", run)
    a, b = one.result(), other.result()
    for key in ("status", "best_step", "steps", "tokens", "domain"):
      assert a.get(key) == b.get(key), (run.name, key)
    if a["status"] == "diverged":
      assert (
        a["stop_reason"].split(" at step")[1:]
        == (b["stop_reason"].split(" at step")[1:])
      )
      continue
    assert a["stop_reason"] == b["stop_reason"]
    losses = [key for key in a if key.endswith("_loss")]
    for record, again in zip(records(one), records(other), strict=True):
      for key in ("pretrain_loss", "target_loss"):
        assert again[key] == pytest.approx(record[key], abs=2e-5)
    assert [a[k] for k in losses] == pytest.approx([b[k] for k in losses], 2e-5)
    x, y = one.examples(), other.examples()
    assert np.array_equal(x["id"], y["id"])
    np.testing.assert_allclose(x["best"], y["best"], atol=1e-4)


def records(directory: RunDirectory) -> list[dict]:
  lines = (directory.path / "records.jsonl").read_text().splitlines()
  return [json.loads(line) for line in lines]


@pytest.mark.parametrize("slots", [8, pytest.param(16, marks=pytest.mark.slow)])
def test_a_run_in_a_fleet_measures_what_it_measures_alone(
  grid, alone, cache, tmp_path, slots
):
  root = with_parent(alone, tmp_path / "fleet", grid[0])
  told = train(grid, root, devices=8, slots=slots)
  assert sorted(told) == sorted(run.name for run in grid)
  check_same(grid, alone, root)
  result = RunDirectory.of(root, "toy", grid[0]).result()
  assert result["executor"] == f"a slot in a fleet of {slots}"
  assert result["device"] == "8 x cpu"


@pytest.mark.parametrize(
  "method",
  [
    LoRA(rank=2),
    pytest.param(KL(strength=0.5), marks=pytest.mark.slow),
  ],
)
def test_a_fleet_by_another_method_shares_one_base(
  grid, alone, cache, tmp_path, method
):
  """On two devices, with strengths and seeds of their own."""
  replace = dataclasses.replace
  runs = [
    replace(grid[0], method=method),
    replace(grid[0], method=method, seed=1, domain=grid[5].domain),
  ]
  if method.traced:
    runs[1] = replace(runs[1], method=replace(method, strength=2.0))
  roots = {}
  for name, devices, slots in (("one", 1, 0), ("fleet", 2, 2)):
    roots[name] = with_parent(alone, tmp_path / name, grid[0])
    told = train(runs, roots[name], devices=devices, slots=slots)
    assert set(told.values()) == {"done"}
  check_same(runs, roots["one"], roots["fleet"])


@pytest.mark.slow
def test_a_stopped_fleet_goes_on_alone_and_in_another_fleet(
  grid, alone, cache, tmp_path
):
  runs = [run for run in grid if run.optimizer.peak_lr < 1]
  root = with_parent(alone, tmp_path / "fleet", grid[0])
  # each of eight runs has asked three or four times when it is stopped
  told = train(runs, root, devices=8, slots=8, stop_at=40)
  assert "Interrupted" in told.values()
  stopped = [run for run in runs if told.get(run.name) == "Interrupted"]
  assert all((RunDirectory.of(root, "toy", r).checkpoints).exists()
             for r in stopped)  # fmt: skip
  told = train(stopped[:2], root, devices=1)
  assert set(told.values()) == {"done"}
  told = train(runs, root, devices=2, slots=4)
  assert set(told.values()) == {"done"}
  check_same(runs, alone, root)


@pytest.mark.slow
def test_what_stops_one_run_leaves_the_others(grid, alone, cache, tmp_path):
  root = with_parent(alone, tmp_path / "fleet", grid[0])
  orphan = dataclasses.replace(
    grid[1], parent=dataclasses.replace(grid[1].parent, seed=9)
  )
  told = train([orphan, *grid[:2]], root, devices=1, slots=2)
  assert told[orphan.name] == "InputError"
  assert [told[run.name] for run in grid[:2]] == ["done", "done"]
  check_same(grid[:2], alone, root)


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_devices(
  grid, alone, cache, tmp_path
):
  for first, then in ((1, 4), (4, 1)):
    root = with_parent(alone, tmp_path / f"{first} to {then}", grid[0])
    told = train([grid[2]], root, devices=first, stop_at=9)
    assert told[grid[2].name] == "Interrupted"
    told = train([grid[2]], root, devices=then)
    assert told[grid[2].name] == "done"
    check_same([grid[2]], alone, root)


@pytest.mark.slow
def test_a_study_does_its_runs_in_fleets(grid, alone, cache, tmp_path):
  study = Study(name="toy", runs=tuple(grid))
  summary = do_study(study, root=str(tmp_path), workers=1, slots=4)
  (diverged,) = summary.failed
  assert "expected finite ones" in summary.failed[diverged]
  assert len(summary.done) == len(grid)  # with the parent, less one
  check_same(grid, alone, tmp_path)
  log = (RunDirectory.of(tmp_path, "toy", grid[0]).path / "log.txt").read_text()
  assert "a slot in a fleet of 4" in log and "=== ended with 0" in log
  again = do_study(study, root=str(tmp_path), slots=4)
  assert not again.done and len(again.skipped) == len(grid)
