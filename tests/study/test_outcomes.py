"""What became of runs in a worker: fleets that do not fit, fleets that fail."""

import dataclasses

import pytest
from small import options_in

from forgetting.config import Run
from forgetting.runs.starts import Starts
from forgetting.study import outcomes
from forgetting.study.outcomes import outcomes_of
from forgetting.training.evaluator import Evaluator
from forgetting.training.fleet import Fleet


@pytest.fixture
def runs(finetuning) -> list[Run]:
  """Of one shape, with one parent."""
  return [dataclasses.replace(finetuning, seed=seed) for seed in range(3)]


def done(runs, options, *, slots: int):
  """Outcomes by run name."""
  given = outcomes_of(runs, options, slots=slots, starts=Starts())
  out = {outcome.run.name: outcome for outcome in given}
  assert list(map(len, (out, runs))) == [len(runs)] * 2
  return out


def log_of(options, run: Run) -> str:
  return options.study.of(run).log.read_text()


@pytest.mark.parametrize(
  "where",
  [(Fleet, "step"), pytest.param((Evaluator, "curve"), marks=pytest.mark.slow)],
)
def test_a_fleet_that_does_not_fit_is_made_smaller(
  with_parent, runs, monkeypatch, where
):
  options, does = options_in(with_parent), getattr(*where)

  def too_little_memory(self, given):
    fleet = self if isinstance(self, Fleet) else self.executor
    if fleet.slots == 4:
      raise RuntimeError("RESOURCE_EXHAUSTED: out of memory")
    return does(self, given)

  monkeypatch.setattr(*where, too_little_memory)
  found = done(runs, options, slots=4)
  assert not any(outcome.error for outcome in found.values())
  for run in runs:
    result = options.study.of(run).result()
    assert result["status"] == "done"
    assert result["executor"] == "a slot in a fleet of 2"
    assert "RESOURCE_EXHAUSTED" in log_of(options, run)


def test_a_fleet_that_fails_fails_its_runs_and_says_why(
  with_parent, runs, monkeypatch
):
  """It is no reason to do them more slowly: nobody would hear of it."""
  options, made, does = options_in(with_parent), [], Fleet.step

  def step(self, asked):
    made.append(self.slots)
    if len(made) > 3:
      raise ZeroDivisionError("a bug\nof two lines")
    return does(self, asked)

  monkeypatch.setattr(Fleet, "step", step)
  for run, outcome in done(runs, options, slots=2).items():
    assert outcome.result is None and "\n" not in outcome.error
    assert outcome.error == (
      f"{run}: ZeroDivisionError: a bug; in a fleet of 2; --slots 1 does runs"
      " one by one"
    )
  assert set(made) == {2}
  for run in runs:
    log = log_of(options, run)
    assert 'raise ZeroDivisionError("a bug' in log
    assert log.endswith("=== ended with 1\n")
  # and those that have ended by then are done
  monkeypatch.setattr(Fleet, "step", does)
  assert all(done(runs[:1], options, slots=1)[runs[0].name].result)


def test_what_stops_one_run_is_told_of_that_run(with_parent, runs, text):
  options = options_in(with_parent)
  orphan = dataclasses.replace(
    runs[0], parent=dataclasses.replace(runs[0].parent, seed=9)
  )
  for slots in (1, 2):
    found = done([orphan, runs[slots]], options, slots=slots)
    assert found[orphan.name].result is None
    assert found[runs[slots].name].result["status"] == "done"
    assert log_of(options, orphan).endswith("=== ended with 1\n")
  assert "Traceback" in log_of(options, orphan)  # of the fleet


def test_a_run_that_another_process_is_at_is_held(with_parent, runs):
  from forgetting.storage import claims

  options = options_in(with_parent)
  options.study.of(runs[0]).create(runs[0])
  with claims.claimed(options.study.of(runs[0]).path, "it"):
    for slots in (1, 2):
      found = done(runs[:2], options, slots=slots)
      assert "is doing it" in found[runs[0].name].held
      assert found[runs[0].name].error is None
      assert found[runs[1].name].result["status"] == "done"


def test_a_fleet_has_as_many_slots_on_each_device(monkeypatch):
  from forgetting.training import processes

  monkeypatch.setattr(processes, "local_devices", lambda: 4)
  found = {slots: outcomes._shared_by_devices(slots) for slots in range(1, 10)}
  assert found == {1: 1, 2: 0, 3: 0, 4: 4, 5: 4, 6: 4, 7: 4, 8: 8, 9: 8}
