"""Runs whose root is in a bucket: real processes, checkpoints, the page."""

import dataclasses
import os
import signal
import subprocess
import sys
import time

import pytest
from small import study_file

from forgetting import records, report
from forgetting.associations import load as associations
from forgetting.config import InputError, Study
from forgetting.config.saves import Saves
from forgetting.records import RunDirectory
from forgetting.runs import starts
from forgetting.storage import claims, places
from forgetting.study import single
from forgetting.study import study as study_lib


def started(folder, root: str, *arguments: str) -> subprocess.Popen:
  command = ["run", "toy.py", "--root", root, *arguments]
  return subprocess.Popen(
    [sys.executable, "-m", "forgetting", *command],
    cwd=folder,
    stderr=subprocess.PIPE,
    text=True,
  )


def numbers(result: dict) -> dict:
  names = ("best_step", "steps", *records.LOSSES)
  return {name: result[name] for name in names}


def wait_until(holds, seconds: float = 60) -> None:
  end = time.monotonic() + seconds
  while not holds():
    assert time.monotonic() < end
    time.sleep(0.05)


def test_a_study_in_a_bucket_is_the_study_in_a_folder(
  cache, finetuning, bucket, tmp_path
):
  toy = Study(name="toy", runs=(finetuning,))
  saves = Saves(every=4, best=True)
  for root in (bucket, str(tmp_path)):
    summary = study_lib.do_study(toy, root=root, workers=1, saves=saves)
    assert len(summary.done) == 2 and not summary.failed
  again = study_lib.do_study(toy, root=bucket)
  assert len(again.skipped) == 2 and not again.workers
  here, there = (
    RunDirectory.of(root, "toy", finetuning) for root in (tmp_path, bucket)
  )
  assert numbers(there.result()) == numbers(here.result())
  assert [r["target_loss"] for r in there.records()] == [
    r["target_loss"] for r in here.records()
  ]
  assert (there.examples()["best"] == here.examples()["best"]).all()
  for directory in (here, there):
    assert not directory.checkpoints.exists()
    best = starts.load_params(directory, finetuning)
    assert best["embed"]["embedding"].shape == (259, 16)
  assert not [*there.path.glob(claims.NAME), *here.path.glob(claims.NAME)]

  tables = [records.load(f"{root}/toy") for root in (bucket, tmp_path)]
  assert tables[0].equals(tables[1])
  assert len(records.curves(f"{bucket}/toy")) == len(
    records.curves(tmp_path / "toy")
  )
  page = report.write(f"{bucket}/toy", tolerance=0.05)
  assert os.fspath(page) == f"{bucket}/toy/report.html"
  assert "Forgetting in toy" in page.read_text()
  matrix = associations.load(f"{bucket}/toy")
  assert matrix.shape[0] == 1


@pytest.mark.slow
def test_of_two_processes_one_does_the_run(cache, finetuning, bucket, tmp_path):
  (tmp_path / "toy.py").write_text(study_file(finetuning))
  pair = [started(tmp_path, bucket, "--index", "0") for _ in range(2)]
  told = [process.communicate(timeout=200)[1] for process in pair]
  codes = sorted(process.returncode for process in pair)
  assert codes in ([single.DONE, single.HELD], [single.DONE] * 2), told
  if single.HELD in codes:
    loser = told[[p.returncode for p in pair].index(single.HELD)]
    assert len(loser.splitlines()) == 1 and "is doing it" in loser
  directory = RunDirectory.of(bucket, "toy", finetuning.parent)
  assert directory.result()["status"] == "done"
  assert directory.result()["restarts"] == 0  # one began it


@pytest.mark.slow
def test_a_killed_process_is_followed_at_once(
  cache, finetuning, bucket, tmp_path
):
  parent = dataclasses.replace(finetuning.parent, steps=1300)
  run = dataclasses.replace(finetuning, parent=parent)
  (tmp_path / "toy.py").write_text(study_file(run))
  directory = RunDirectory.of(bucket, "toy", parent)
  first = started(tmp_path, bucket, "--index", "0", "--save-every", "40")
  done_marks = "*/commit_success.txt"
  wait_until(lambda: [*directory.checkpoints.glob(done_marks)], 200)
  first.send_signal(signal.SIGKILL)
  first.communicate()
  assert not directory.done
  assert (directory.path / claims.NAME).exists()
  kept = max(int(f.parent.name) for f in directory.checkpoints.glob(done_marks))

  second = started(tmp_path, bucket, "--index", "0", "--save-every", "40")
  newer = f"{done_marks}"
  wait_until(
    lambda: any(
      int(f.parent.name) > kept for f in directory.checkpoints.glob(newer)
    ),
    200,
  )
  third = started(tmp_path, bucket, "--index", "0")
  told = third.communicate(timeout=200)[1]
  assert third.returncode == single.HELD, told
  second.send_signal(signal.SIGTERM)
  told = second.communicate(timeout=200)[1]
  assert second.returncode == single.STOPPED, told
  assert not (directory.path / claims.NAME).exists()
  assert directory.attempt()["attempts"] == 2


def test_a_half_written_result_is_none(bucket, finetuning):
  directory = RunDirectory.of(bucket, "toy", finetuning)
  directory.create(finetuning)
  code = (
    "import os, sys; from forgetting.storage import places;"
    "f = places.file_system().open(sys.argv[1], 'wb', block_size=1 << 18);"
    "f.write(b'{' * (1 << 20)); f.flush(); os._exit(9)"
  )
  file = os.fspath(directory.path / "result.json")
  killed = subprocess.run([sys.executable, "-c", code, file], check=False)
  assert killed.returncode == 9
  assert not directory.done and directory.result() == {}
  assert records.load(f"{bucket}/toy").status.tolist() == ["unfinished"]
  with pytest.raises(InputError, match="cannot be written"):
    places.write(directory.path / "result.json", "no bytes")
  assert not directory.done


def test_a_bucket_that_is_not_there_is_told_before_any_work(
  cache, finetuning, bucket
):
  with pytest.raises(InputError, match="found no bucket not-there"):
    study_lib.do_study(
      Study(name="toy", runs=(finetuning,)), root="gs://not-there/runs"
    )


@pytest.mark.slow
def test_two_studies_of_one_folder_share_its_runs(cache, finetuning, tmp_path):
  """And neither fails, nor does a run that the other is at."""
  (tmp_path / "toy.py").write_text(study_file(finetuning))
  command = [sys.executable, "-m", "forgetting", "study", "toy.py"]
  pair = [
    subprocess.Popen(
      [*command, "--workers", "1"],
      cwd=tmp_path,
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
      text=True,
    )
    for _ in range(2)
  ]
  told = [process.communicate(timeout=300) for process in pair]
  assert [process.returncode for process in pair] == [0, 0], told
  found = [d for d, _ in records.run_directories(tmp_path / "runs" / "toy")]
  assert all(d.result()["restarts"] == 0 for d in found)
  assert all(d.attempt()["attempts"] == 1 for d in found)
