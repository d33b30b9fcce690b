"""Workers that die, runs that fail, a study that is stopped."""

import dataclasses
import os
import pathlib
import signal
import subprocess
import sys
import time
import types

import numpy as np
import pytest

from forgetting import records
from forgetting.config import Study, canonical
from forgetting.records import RunDirectory, StudyDirectory
from forgetting.study import crew as crew_lib
from forgetting.study import study as study_lib
from forgetting.study.outcomes import Outcome
from forgetting.study.summary import Summary


def test_a_failed_parent_leaves_its_children_out(cache, finetuning, tmp_path):
  other = dataclasses.replace(finetuning, injection=0)
  toy = Study(name="toy", runs=(finetuning, other))
  parent = RunDirectory.of(tmp_path, "toy", toy.runs[0].parent)
  parent.path.mkdir(parents=True)
  (parent.path / "config.json").write_text("{}")  # not its own
  summary = study_lib.do_study(toy, root=str(tmp_path))
  assert list(summary.failed) == [toy.runs[0].parent.name]
  assert set(summary.left_out) == {run.name for run in toy.runs}
  assert not summary.done


def test_what_another_study_did_meanwhile_is_not_counted_twice(
  finetuning, tmp_path
):
  directory = StudyDirectory.at(tmp_path, "toy")
  summary = Summary()
  options = types.SimpleNamespace(study=directory, slots=None)
  watched = types.SimpleNamespace(finished=lambda *_: None)
  runs = [finetuning, dataclasses.replace(finetuning, injection=0)]
  crew = crew_lib.Crew(options, runs, summary, watched)
  for run in runs:
    directory.of(run).path.mkdir(parents=True)
    directory.of(run).begin_attempt()
  for run, pid in zip(runs, (os.getpid(), os.getpid() + 1), strict=True):
    crew._take(Outcome(run, dict(status="done"), worker=dict(pid=pid)))
  assert summary.done == [runs[0].name]
  assert summary.elsewhere == [runs[1].name]


def long_study_file(tmp_path, finetuning) -> pathlib.Path:
  """A config whose fine-tuning takes long enough to be hit."""
  run = dataclasses.replace(
    finetuning,
    injection=0,
    steps=6000,
    evaluation=dataclasses.replace(
      finetuning.evaluation, points=8, patience=99
    ),
  )
  file = tmp_path / "long.py"
  file.write_text(
    "import json\n"
    "from forgetting.config.canonical import from_dict\n"
    "from forgetting.config import Run, Study\n"
    f"RUN = json.loads({canonical.to_json(run)!r})\n"
    "def study():\n"
    "  return Study(name='long', runs=(from_dict(Run, RUN),))\n"
  )
  return file


def start(file: pathlib.Path, root: pathlib.Path, *more) -> subprocess.Popen:
  command = [
    sys.executable, "-m", "forgetting", "study", str(file), "--root",
    str(root), "--workers", "1", *more,
  ]  # fmt: skip
  return subprocess.Popen(
    command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
  )


def wait_for_second_record(root: pathlib.Path) -> None:
  for _ in range(3000):  # a busy machine imports JAX for minutes
    for file in root.glob("long/*law*/records.jsonl"):
      if len(file.read_text().splitlines()) >= 2:
        return
    time.sleep(0.1)
  raise AssertionError("the run did not get under way")


def children_of(pid: int) -> list[int]:
  import psutil

  return [
    child.pid
    for child in psutil.Process(pid).children()
    if "spawn_main" in " ".join(child.cmdline())
  ]


def final(root: pathlib.Path) -> dict:
  table = records.load(root / "long")
  return table.set_index("run")[["pretrain_loss", "target_loss"]].to_dict()


@pytest.mark.slow
@pytest.mark.parametrize("slots", ["1", "2"])
def test_killed_worker_and_stopped_study_lose_nothing(
  cache, finetuning, tmp_path, slots
):
  """Kill -9 of a worker: its run is redone. SIGTERM: saved, then resumed."""
  file = long_study_file(tmp_path, finetuning)
  whole = start(file, tmp_path / "whole", "--slots", slots)
  wait_for_second_record(tmp_path / "whole")
  workers = children_of(whole.pid)
  assert workers
  for worker in workers:
    os.kill(worker, signal.SIGKILL)
  output, _ = whole.communicate(timeout=300)
  assert whole.returncode == 0, output
  assert "its worker died (exit code -9); the run is done again" in output

  cut = start(file, tmp_path / "cut", "--slots", slots)
  wait_for_second_record(tmp_path / "cut")
  cut.send_signal(signal.SIGTERM)
  output, _ = cut.communicate(timeout=120)
  assert cut.returncode == 75, output
  assert "the same command goes on from here" in output
  saved = list((tmp_path / "cut").glob("long/*law*/ckpt/*"))
  assert saved
  resumed = start(file, tmp_path / "cut", "--slots", slots)
  output, _ = resumed.communicate(timeout=300)
  assert resumed.returncode == 0, output
  assert "1 runs done" in output and "1 were done already" in output
  one, two = final(tmp_path / "whole"), final(tmp_path / "cut")
  np.testing.assert_equal(one, two)
