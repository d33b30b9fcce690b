"""One run by index or name: exit codes, and equality with the study's."""

import dataclasses
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from small import study_file

from forgetting.config import InputError, Optimizer, Study
from forgetting.config.saves import Saves
from forgetting.records import RunDirectory
from forgetting.study import single


def command(folder, *arguments, **environment):
  return subprocess.run(
    [sys.executable, "-m", "forgetting", "run", *arguments],
    cwd=folder,
    capture_output=True,
    text=True,
    check=False,
    env=os.environ | environment,
  )


@pytest.fixture
def folder(cache, finetuning, tmp_path) -> pathlib.Path:
  """A study file of a parent and a child, in a folder of its own."""
  (tmp_path / "toy.py").write_text(study_file(finetuning))
  return tmp_path


def test_runs_are_listed_done_once_and_in_order(folder, finetuning):
  listed = command(folder, "toy.py").stdout.splitlines()
  assert [line.split()[0] for line in listed] == ["0", "1"]
  assert listed[0].endswith("to do") and listed[1].endswith("waiting")
  early = command(folder, "toy.py", "--index", "1")
  assert early.returncode == single.PARENT_MISSING
  assert "found no result of" in early.stderr
  for index in (0, 1, 1):
    done = command(folder, "toy.py", "--index", str(index))
    assert done.returncode == single.DONE, done.stderr
  assert "done already" in done.stderr
  directory = RunDirectory.of(folder / "runs", "toy", finetuning)
  assert directory.result()["executor"] == single.EXECUTOR
  named = command(folder, "toy.py", "--name", finetuning.name)
  assert named.returncode == single.DONE
  assert command(folder, "toy.py").stdout.count("  done") == 2


def test_a_tracker_that_is_missing_is_one_line(folder, tmp_path):
  clients = tmp_path / "clients"
  clients.mkdir()
  (clients / "wandb.py").write_text("raise ImportError('none here')")
  arguments = ("toy.py", "--index", "0", "--log", "wandb")
  done = command(folder, *arguments, PYTHONPATH=str(clients))
  assert done.returncode == single.DONE, done.stderr
  told = [line for line in done.stderr.splitlines() if "--log" in line]
  assert len(told) == 1 and "forgetting[wandb]" in told[0]
  assert "Traceback" not in done.stderr


def test_a_signal_saves_and_the_same_command_goes_on(folder, finetuning):
  long = (folder / "toy.py").read_text().replace('"steps": 12', '"steps": 1300')
  (folder / "toy.py").write_text(long)
  arguments = ["run", "toy.py", "--index", "0"]
  child = subprocess.Popen(
    [sys.executable, "-m", "forgetting", *arguments],
    cwd=folder,
    stderr=subprocess.PIPE,
    text=True,
  )
  records = None
  for _ in range(3000):
    records = list((folder / "runs").glob("toy/*/records.jsonl"))
    if records and records[0].read_text().count("\n") > 1:
      break
    time.sleep(0.02)
  os.kill(child.pid, signal.SIGTERM)
  told = child.communicate(timeout=60)[1]
  assert child.returncode == single.STOPPED, told
  assert "the same command goes on" in told and len(told.splitlines()) == 1
  assert list((folder / "runs").glob("toy/*/ckpt/*"))
  again = command(folder, "toy.py", "--index", "0")
  assert again.returncode == single.DONE


def test_what_is_not_there_is_named(finetuning):
  study = Study(name="toy", runs=(finetuning,))
  with pytest.raises(InputError, match="found 2, expected 0 to 1"):
    single.find(study, index=2, name=None)
  with pytest.raises(InputError, match="found 'x', expected a run of toy"):
    single.find(study, index=None, name="x")
  with pytest.raises(InputError, match="one of them"):
    single.find(study, index=1, name="x")


def test_a_child_of_a_diverged_parent_is_refused(finetuning, tmp_path):
  wild = dataclasses.replace(
    finetuning.parent, optimizer=Optimizer(peak_lr=1.0)
  )
  run = dataclasses.replace(finetuning, parent=wild)
  study = Study(name="toy", runs=(run,))
  directory = RunDirectory.of(tmp_path, "toy", wild)
  directory.create(wild)
  directory.write_result(dict(status="diverged", stop_reason="found nan"))
  with pytest.raises(InputError, match="diverged, expected parameters"):
    single.do(study, run, root=str(tmp_path), saves=Saves())
  assert single.listing(study, root=str(tmp_path)).splitlines() == [
    f"   0  {wild.name}  diverged",
    f"   1  {run.name}  lost",
  ]
