"""Two real processes train as one does."""

import os
import socket
import subprocess
import sys

import numpy as np
import pytest
from small import study_file

from forgetting.config import canonical
from forgetting.records import RunDirectory
from forgetting.training import processes

RUNS = """
import json, pathlib, signal, sys
import os
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(True))
from forgetting.training import processes
processes.start()
import jax
from forgetting.config import canonical
from forgetting.config import Run
from forgetting.records import StudyDirectory
from forgetting.runs.options import RunOptions
from forgetting.runs.run import do_run
from forgetting.config.saves import Saves
from forgetting.training.loop import Interrupted

print("processes", jax.process_count(), flush=True)
root, stop_at, *files = sys.argv[1:]
calls = iter(range(10**9))
def stop():
  # of two processes only the second is told to stop, by a signal
  if jax.process_index() == 1 and next(calls) == int(stop_at):
    os.kill(os.getpid(), signal.SIGTERM)
  return bool(asked)
for file in files:
  run = canonical.from_dict(Run, json.loads(pathlib.Path(file).read_text()))
  try:
    do_run(run, RunOptions(study=StudyDirectory.at(root, "toy"),
                           executor="test", saves=Saves(every=4), stop=stop))
  except Interrupted as interrupted:
    print(interrupted, flush=True)
    sys.exit(75)
"""


def start(root, files, *, count: int, stop_at: int = -1):
  arguments = ["-c", RUNS, str(root), str(stop_at), *map(str, files)]
  return [child(arguments, place) for place in places(count)]


def places(count: int) -> list[dict[str, str]]:
  """What tells each process of a cluster of the others."""
  if count == 1:
    return [{}]
  with socket.socket() as sock:
    sock.bind(("localhost", 0))
    port = sock.getsockname()[1]
  return [
    {
      "JAX_COORDINATOR_ADDRESS": f"localhost:{port}",
      "JAX_NUM_PROCESSES": str(count),
      "JAX_PROCESS_ID": str(index),
    }
    for index in range(count)
  ]


def child(arguments, place: dict[str, str]) -> subprocess.Popen:
  return subprocess.Popen(
    [sys.executable, *arguments],
    env=os.environ | {"JAX_PLATFORMS": "cpu"} | place,
    stdout=subprocess.PIPE,
    stderr=subprocess.STDOUT,
    text=True,
  )


def finish(children) -> list[str]:
  outputs = [child.communicate(timeout=300)[0] for child in children]
  return list(zip([c.returncode for c in children], outputs, strict=True))


def without_times(records: list[dict]) -> list[dict]:
  return [{k: v for k, v in r.items() if k != "seconds"} for r in records]


@pytest.mark.slow
def test_two_processes_train_evaluate_save_and_resume_as_one(
  cache, finetuning, tmp_path
):
  files = []
  for run in (finetuning.parent, finetuning):
    files.append(tmp_path / f"{run.name}.json")
    files[-1].write_text(canonical.to_json(run))
  ((code, output),) = finish(start(tmp_path / "one", files, count=1))
  assert code == 0, output
  assert "processes 1" in output
  done = finish(start(tmp_path / "two", files, count=2))
  for code, output in done:
    assert code == 0, output
    assert "processes 2" in output

  # the second process is told to stop: both do, at the same step
  cut = finish(start(tmp_path / "cut", files, count=2, stop_at=2))
  assert [code for code, _ in cut] == [75, 75], cut
  told = {output.strip().splitlines()[-1] for _, output in cut}
  assert len(told) == 1 and "stopped at step" in told.pop()
  resumed = finish(start(tmp_path / "cut", files, count=2))
  assert [code for code, _ in resumed] == [0, 0], resumed

  for run in (finetuning.parent, finetuning):
    one, two, again = (
      RunDirectory.of(tmp_path / root, "toy", run)
      for root in ("one", "two", "cut")
    )
    assert two.result()["processes"] == 2
    np.testing.assert_allclose(
      one.examples()["best"], two.examples()["best"], rtol=3e-5
    )
    for a, b in zip(one.records(), two.records(), strict=True):
      np.testing.assert_allclose(
        a["pretrain_loss"], b["pretrain_loss"], rtol=3e-5
      )
    assert without_times(two.records()) == without_times(again.records())


FULL_DISK = """
import os, sys
from forgetting import records
from forgetting.cli import main as cli

def full(self, record):
  raise OSError(28, "No space left on device")

if os.environ["JAX_PROCESS_ID"] == "0":
  records.RunDirectory.append = full
sys.argv = ["forgetting", "run", "toy.py", "--index", "0"]
cli.main()
"""


@pytest.mark.slow
def test_an_error_of_the_first_process_does_not_leave_the_other_waiting(
  cache, finetuning, tmp_path, monkeypatch
):
  monkeypatch.chdir(tmp_path)
  (tmp_path / "toy.py").write_text(study_file(finetuning))
  first, second = (child(["-c", FULL_DISK], place) for place in places(2))
  told, _ = first.communicate(timeout=120)
  assert first.returncode == 1 and "No space left" in told, told
  second.communicate(timeout=60)  # JAX's farewell takes five minutes
  assert second.returncode != 0


def test_a_cluster_is_joined_only_where_there_is_one(monkeypatch):
  joined = []
  monkeypatch.setattr(
    processes.jax.distributed,
    "initialize",
    lambda **given: joined.append(given),
  )
  for name in (*processes._COUNTS, *processes._HOSTS):
    monkeypatch.delenv(name, raising=False)
  processes.start()
  for name, value in (
    ("SLURM_STEP_NUM_TASKS", "1"),
    ("TPU_WORKER_HOSTNAMES", "localhost"),
  ):
    monkeypatch.setenv(name, value)
  processes.start()
  assert not joined
  monkeypatch.setenv("TPU_WORKER_HOSTNAMES", "a,b")
  processes.start()
  assert joined == [{}]
