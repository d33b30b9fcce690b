"""Files by name, here and in a bucket, and claims on them."""

import json
import os
import subprocess
import sys
import threading

import pytest

from forgetting.config import InputError
from forgetting.storage import claim_files, claims, places
from forgetting.storage.claims import Held, Holder


@pytest.fixture(params=["folder", "bucket"])
def directory(request, tmp_path):
  """A run's directory."""
  if request.param == "folder":
    return tmp_path
  return places.place(request.getfixturevalue("bucket"))


def of_another(**changes) -> bytes:
  about = dict(
    token="t", host="h", machine="another", pid=1, started="1", job=""
  )
  return json.dumps(about | changes).encode()


def test_what_is_written_is_read_whole(directory):
  file = directory / "a" / "b.json"
  places.make_folder(file.parent)
  assert not file.exists()
  for content in (b"one", b"two"):
    places.write(file, content)
    assert file.read_bytes() == content
  places.append(file, "\nthree")
  places.append(directory / "a" / "c.txt", "four")
  assert file.read_text() == "two\nthree"
  assert [f.name for f in sorted(directory.glob("*/*"))] == ["b.json", "c.txt"]
  assert places.each([file, file], lambda f: f.name) == ["b.json"] * 2


def test_of_two_at_once_one_creates(directory):
  file, got = claim_files.of(directory / "claim"), []
  ready = threading.Barrier(8)

  def create(number: int) -> None:
    ready.wait()
    if seen := file.create(b"%d" % number):
      got.append(seen)

  threads = [threading.Thread(target=create, args=(n,)) for n in range(8)]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  assert len(got) == 1
  assert file.read().content == got[0].content


def test_what_has_changed_is_not_swapped_nor_removed(directory):
  file = claim_files.of(directory / "claim")
  first = file.create(b"1")
  assert file.create(b"2") is None
  second = file.swap(first, b"2")
  assert second.content == b"2"
  assert file.swap(first, b"3") is None
  assert file.renew(first) is None
  assert file.read().content == b"2"
  second = file.renew(second)
  assert file.read().age < 60
  file.remove(second)
  assert file.read() is None
  assert file.renew(second) is None


def test_a_claim_is_held_until_it_is_released(directory):
  with claims.claimed(directory, "run"):
    with pytest.raises(Held, match=r"^run: process \d+ on .* is doing it"):
      claims.take(directory, "run")
  claims.take(directory, "run").release()
  assert claim_files.of(directory / claims.NAME).read() is None


def test_the_claim_of_a_dead_process_is_taken_over_at_once(directory):
  code = (
    "import os, sys; from forgetting import claims, places;"
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


def test_a_process_that_has_the_number_of_a_dead_one_is_another():
  own = Holder.own()
  assert not own.gone(own)
  before = Holder(**{**vars(own), "started": "1"})
  assert before.gone(own)


@pytest.mark.parametrize(
  ("path", "told"),
  [
    ("s3://x/y", "found s3://, expected a folder or gs://BUCKET/FOLDER"),
    ("gs://", "found no bucket, expected gs://BUCKET/FOLDER"),
  ],
)
def test_a_place_that_is_none_is_named(path, told):
  with pytest.raises(InputError, match=told):
    places.place(path)


def test_without_gcsfs_the_extra_is_named(monkeypatch):
  monkeypatch.setattr(places.importlib.util, "find_spec", lambda name: None)
  with pytest.raises(InputError, match=r"install the extra gcs: pip install"):
    places.place("gs://x/y")


def test_a_bucket_that_is_not_there_is_named(bucket):
  places.check_reached(bucket)
  with pytest.raises(InputError, match="found no bucket not-there, expected"):
    places.check_reached("gs://not-there/runs")


def test_missing_credentials_are_told_in_one_line(monkeypatch):
  class Refusing:
    def call(self, *_, **__):
      raise OSError("Anonymous caller has no storage.objects.list\n<html>")

  monkeypatch.setattr(places, "file_system", Refusing)
  monkeypatch.setattr(places, "place", lambda path: None)  # without gcsfs too
  with pytest.raises(InputError) as error:
    places.check_reached("gs://theirs/runs")
  told = str(error.value)
  assert told.startswith("gs://theirs/runs: cannot be reached (Anonymous")
  assert "gcloud auth application-default login" in told and "\n" not in told
