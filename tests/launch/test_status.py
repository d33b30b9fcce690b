"""What has become of runs, told in words."""

import dataclasses

import pytest

from forgetting.config import Run
from forgetting.launch import status
from forgetting.records import StudyDirectory
from forgetting.records import log as run_log
from forgetting.records.state import State
from forgetting.storage import claims


@pytest.fixture
def folder(tmp_path) -> StudyDirectory:
  return StudyDirectory.at(tmp_path, "toy")


def finish(folder: StudyDirectory, run: Run, **columns) -> None:
  folder.of(run).create(run)
  told = dict(status="done", wall_seconds=10.0) | columns
  folder.of(run).write_result(told)


def fail(folder: StudyDirectory, run: Run) -> None:
  run_log.append(
    folder.of(run).log, "=== attempt\nforgetting: no room\n=== ended with 2\n"
  )


def words(statuses) -> list[str]:
  return [str(one.state) for one in statuses]


def test_what_has_become_of_runs_and_how_long_the_rest_takes(study, folder):
  parent, *rest = runs = study.ordered()
  finish(folder, parent, wall_seconds=100.0)
  for run in rest[:4]:
    finish(folder, run)
  folder.of(rest[4]).create(rest[4])
  folder.of(rest[4]).append(dict(step=rest[4].steps // 2))
  fail(folder, rest[5])
  finish(folder, rest[6], status="diverged", stop_reason="found nan")
  queue = {rest[4].name: State.RUNNING, rest[7].name: State.QUEUED}
  found = status.statuses(folder, runs, queue=queue)
  assert words(found) == [
    *["done"] * 5, "running", "failed", "diverged", "queued", *["to do"] * 4,
  ]  # fmt: skip
  told = status.told("toy", found)
  first, header, *rows = told.splitlines()
  assert first == "toy: 5 of 13 runs done"
  columns = "runs  done  diverged  running  queued  to do  failed"
  assert header.strip() == columns
  assert rows[0].split()[-7:] == ["1", "1", "0", "0", "0", "0", "0"]
  assert rows[3].split() == ["all", "13", "5", "1", "1", "1", "4", "1"]
  log = folder.of(rest[5]).log
  assert f"failed: {rest[5].name}: no room (see {log})" in told
  assert f"diverged: {rest[6].name}: found nan" in told
  assert f"running: {rest[4].name}, step 5 of 10" in told
  # four done in 10 s each: five and a half are left, one at once
  assert "time left: about 0:00:55 with 1 at once" in told


def test_what_needs_a_failed_run_waits_for_it_and_is_no_time_left(
  study, folder
):
  parent, *rest = runs = study.ordered()
  fail(folder, parent)
  found = status.statuses(folder, runs)
  assert words(found) == ["failed"] + ["waiting"] * 12
  told = status.told("toy", found)
  assert f"waiting: {rest[0].name}: needs {parent.name}, which failed" in told
  assert "nothing is left to do" in told
  # mended and queued again
  queue = {run.name: State.QUEUED for run in rest}
  found = status.statuses(folder, runs, queue=queue)
  assert words(found) == ["failed"] + ["queued"] * 12
  assert "time left: not known" in status.told("toy", found)


def test_a_study_that_is_not_begun_has_one_thing_to_do(study, folder):
  found = status.statuses(folder, study.ordered())
  assert words(found) == ["to do"] + ["waiting"] * 12
  header = status.told("toy", found).splitlines()[1]
  assert header.split() == ["runs", "done", "to", "do", "waiting"]


def test_a_run_runs_while_its_process_holds_it(study, folder):
  parent, first, *_ = runs = study.ordered()
  for run in (parent, first):
    folder.of(run).create(run)
    assert folder.of(run).begin_attempt() == 0
    assert folder.of(run).begin_attempt() == 1

  def running() -> set[str]:
    found = status.statuses(folder, runs)
    return {s.run.name for s in found if s.state is State.RUNNING}

  with claims.claimed(folder.of(first).path, "first"):
    claim = claims.take(folder.of(parent).path, "parent")
    assert running() == {parent.name, first.name}
    claim.release()
    assert running() == {first.name}
  assert not running()
  dead = dataclasses.replace(claims.Holder.own(), pid=999999999)
  (folder.of(first).path / claims.NAME).write_bytes(dead.to_bytes())
  assert not running()
