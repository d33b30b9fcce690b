"""Claims on a run's directory: held, lost, taken over."""

import json
import os
import subprocess
import sys

import pytest

from forgetting.storage import claim_files, claims
from forgetting.storage.claims import Held


def of_another(**changes) -> bytes:
  about = dict(
    token="t", host="h", machine="another", pid=1, started="1", job=""
  )
  return json.dumps(about | changes).encode()


def test_a_claim_is_held_until_it_is_released(directory):
  with claims.claimed(directory, "run"):
    with pytest.raises(Held, match=r"^run: process \d+ on .* is doing it"):
      claims.take(directory, "run")
  claims.take(directory, "run").release()
  assert claim_files.of(directory / claims.NAME).read() is None


def test_the_claim_of_a_dead_process_is_taken_over_at_once(directory):
  code = (
    "import os, sys; from forgetting.storage import claims, places;"
    "claims.take(places.place(sys.argv[1]), 'run'); os._exit(9)"
  )
  child = [sys.executable, "-c", code, os.fspath(directory)]
  assert subprocess.run(child, check=False).returncode == 9
  assert claim_files.of(directory / claims.NAME).read() is not None
  claims.take(directory, "run").release()


def test_the_claim_of_a_silent_machine_is_taken_over(directory, monkeypatch):
  file = claim_files.of(directory / claims.NAME)
  file.create(of_another())
  with pytest.raises(Held, match="process 1 on h is doing it"):
    claims.take(directory, "run")
  monkeypatch.setattr(claims, "EXPIRES", -60.0)
  claims.take(directory, "run").release()
  assert file.read() is None


def test_the_same_job_started_again_goes_on_at_once(directory, monkeypatch):
  file = claim_files.of(directory / claims.NAME)
  monkeypatch.setenv("SLURM_JOB_ID", "7")
  file.create(of_another(job="SLURM_JOB_ID=7", restarts=0))
  with pytest.raises(Held, match="SLURM_JOB_ID=7"):
    claims.take(directory, "run")  # its twin
  monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
  claims.take(directory, "run").release()
  monkeypatch.delenv("SLURM_JOB_ID")
  monkeypatch.setenv("SKYPILOT_TASK_ID", "managed-3")
  file.create(of_another(job="SKYPILOT_TASK_ID=managed-2"))
  with pytest.raises(Held):
    claims.take(directory, "run")
  file.remove(file.read())
  file.create(of_another(job="SKYPILOT_TASK_ID=managed-3"))
  claims.take(directory, "run").release()


def test_who_has_lost_its_claim_stops(directory, monkeypatch):
  monkeypatch.setattr(claims, "BEAT", 0.05)
  claim = claims.take(directory, "run")
  asked = claim.asked_before(lambda: False)
  assert not asked()
  claim.confirm()
  file = claim_files.of(directory / claims.NAME)
  while file.swap(file.read(), of_another()) is None:
    pass  # it was renewed in between
  claim._over.wait(10)
  with pytest.raises(Held, match="taken it over"):
    asked()
  with pytest.raises(Held):
    claim.confirm()
  claim.release()
  assert file.read().content == of_another()


def test_a_claim_that_is_half_written_is_waited_for(tmp_path, monkeypatch):
  (tmp_path / claims.NAME).write_bytes(of_another()[:9])
  with pytest.raises(Held, match="another process"):
    claims.take(tmp_path, "run")
  monkeypatch.setattr(claims, "EXPIRES", -1.0)
  claims.take(tmp_path, "run").release()
