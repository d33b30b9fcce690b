"""Worker processes: what they are told, and what is known when one dies."""

import os
import pickle
import signal

import pytest

from forgetting.config.saves import Saves
from forgetting.records import StudyDirectory
from forgetting.study import workers
from forgetting.study.seats import Seat
from forgetting.study.workers import Worker, WorkerDied, WorkerOptions


def options_at(root) -> WorkerOptions:
  return WorkerOptions(
    study=StudyDirectory.at(root, "toy"), saves=Saves(), compilation_cache=""
  )


@pytest.mark.parametrize("root", ["runs", "gs://bucket/runs"])
def test_what_a_worker_is_told_reaches_its_process(root):
  told = options_at(root)
  found = pickle.loads(pickle.dumps(told))
  assert found == told
  assert os.fspath(found.study.path) == f"{root}/toy"


def test_a_worker_that_is_killed_is_known_to_have_died(tmp_path, finetuning):
  worker = Worker(options_at(tmp_path), Seat(core=0))
  os.kill(worker.pid, signal.SIGKILL)
  worker.start([finetuning])
  assert workers.wait([worker], timeout=20) == [worker]
  with pytest.raises(WorkerDied, match="exit code -9"):
    worker.answer()
  assert worker.runs == {finetuning.name: finetuning}  # to be done again
  worker.ask_to_stop()
  worker.close()


def test_a_workers_environment_is_its_own(monkeypatch):
  monkeypatch.setenv("OMP_NUM_THREADS", "7")
  monkeypatch.delenv("XLA_FLAGS", raising=False)
  with workers._environment({"OMP_NUM_THREADS": "1", "XLA_FLAGS": "--a"}):
    assert os.environ["OMP_NUM_THREADS"] == "1"
    assert os.environ["XLA_FLAGS"] == "--a"
  assert os.environ["OMP_NUM_THREADS"] == "7"
  assert "XLA_FLAGS" not in os.environ
