"""What became of a run: one answer, from results, queues, claims and logs."""

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from forgetting.config import Replay, Run
from forgetting.records import StudyDirectory, state
from forgetting.records import log as run_log
from forgetting.records.state import State
from forgetting.storage import claims


@pytest.fixture
def study(tmp_path) -> StudyDirectory:
  return StudyDirectory.at(tmp_path, "toy")


@pytest.fixture
def runs(finetuning) -> list[Run]:
  """A parent, its child, a run that replays what the child forgets."""
  probe = dataclasses.replace(
    finetuning, injection=0, replay=Replay(pool=8, probe=True)
  )
  replayed = dataclasses.replace(
    finetuning, replay=Replay(pool=8, measured_in=probe)
  )
  return [finetuning.parent, probe, replayed]


def finish(study: StudyDirectory, run: Run, status: str = "done") -> None:
  directory = study.of(run)
  directory.create(run)
  directory.write_result(dict(status=status, stop_reason="found nan"))


def fail(study: StudyDirectory, run: Run) -> None:
  log = study.of(run).path / run_log.NAME
  run_log.append(log, "=== attempt\nforgetting: no room\n=== ended with 2\n")


def words(found) -> list[str]:
  return [str(became.state) for became in found]


def test_what_is_not_begun_is_to_do_or_waits_for_what_it_needs(study, runs):
  for done, expected in enumerate(
    (
      ["to do", "waiting", "waiting"],
      ["done", "to do", "waiting"],
      ["done", "done", "to do"],
    )
  ):
    if done:
      finish(study, runs[done - 1])
    for found in (state.by_results(study, runs), state.of_runs(study, runs)):
      assert words(found) == expected
      assert [became.reason for became in found] == [None] * 3


def test_what_needs_a_diverged_run_is_lost(study, runs):
  finish(study, runs[0], "diverged")
  for found in (state.by_results(study, runs), state.of_runs(study, runs)):
    assert words(found) == ["diverged", "lost", "lost"]
    assert [became.reason for became in found] == [
      "found nan",
      *[f"needs {runs[0].name}, which diverged"] * 2,
    ]


def test_what_needs_a_failed_run_waits_for_it_and_says_so(study, runs):
  fail(study, runs[0])
  # it may be begun again, and so may what needs it
  assert words(state.by_results(study, runs)) == ["to do", "waiting", "waiting"]
  found = state.of_runs(study, runs)
  assert words(found) == ["failed", "waiting", "waiting"]
  assert [became.reason for became in found] == [
    "no room",
    *[f"needs {runs[0].name}, which failed"] * 2,
  ]


def test_what_is_at_a_run_comes_before_what_went_wrong_with_it(study, runs):
  fail(study, runs[0])
  queue = {runs[0].name: State.QUEUED, runs[1].name: State.RUNNING}
  found = state.of_runs(study, runs, queue=queue)
  assert words(found) == ["queued", "running", "waiting"]
  with claims.claimed(study.of(runs[0]).path, "parent"):
    assert words(state.of_runs(study, runs)) == ["running", *["waiting"] * 2]
  assert words(state.of_runs(study, runs))[0] == "failed"


def test_what_a_run_needs_is_looked_at_though_it_was_not_asked_for(study, runs):
  finish(study, runs[0], "diverged")
  assert words(state.by_results(study, runs[2:])) == ["lost"]
  assert words(state.by_results(study, runs[::-1])) == [
    "lost",
    "lost",
    "diverged",
  ]


EVIDENCE = ("nothing", "done", "diverged", "failed", "queued", "running")


@settings(max_examples=60, deadline=None)
@given(evidence=st.lists(st.sampled_from(EVIDENCE), min_size=3, max_size=3))
def test_every_run_is_in_one_state_which_what_it_needs_allows(
  evidence, text, tmp_path_factory
):
  from small import small_finetuning

  study = StudyDirectory.at(tmp_path_factory.mktemp("state"), "toy")
  finetuning = small_finetuning(text)
  probe = dataclasses.replace(finetuning, replay=Replay(pool=8, probe=True))
  last = dataclasses.replace(probe, replay=Replay(pool=8, measured_in=probe))
  runs, queue = [finetuning.parent, probe, last], {}
  for run, word in zip(runs, evidence, strict=True):
    if word in ("done", "diverged"):
      finish(study, run, word)
    elif word == "failed":
      fail(study, run)
    elif word != "nothing":
      queue[run.name] = State(word)
  closely = {b.run: b for b in state.of_runs(study, runs, queue=queue)}
  plainly = {b.run: b for b in state.by_results(study, runs)}
  for run, word in zip(runs, evidence, strict=True):
    found, by_result = closely[run].state, plainly[run].state
    needed = {closely[need].state for need in run.needs}
    if word not in ("nothing", "failed"):
      assert found == word
    elif needed & {State.DIVERGED, State.LOST}:
      assert found is State.LOST
    elif word == "failed":
      assert found is State.FAILED
    elif needed <= {State.DONE}:
      assert found is State.TO_DO
    else:
      assert found is State.WAITING
    # both levels of evidence agree on what is over
    if by_result in (State.DONE, State.DIVERGED):
      assert found is by_result
    if found is State.TO_DO:
      assert by_result in state.OUTSTANDING
