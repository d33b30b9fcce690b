"""Starts of runs: read and measured once, and no more kept than may be."""

import dataclasses
import gc
import types
import weakref

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from forgetting.config import Run
from forgetting.config import method as config
from forgetting.records import StudyDirectory
from forgetting.runs import starts as starts_lib
from forgetting.runs.starts import Starts
from forgetting.training.methods.full import Full

STUDY = StudyDirectory.at("runs", "toy")


class Executor:
  """Programs that are none: parameters lie on the host."""

  of_model, method = (None, None), Full(config.FULL, None)

  def to_devices(self, params):
    return params

  def keep(self, params):
    return {k: np.array(v) for k, v in params.items()}


class Evaluator:
  """Measures as losses what the parameters are."""

  frozen = types.MappingProxyType({})

  def __init__(self, executor, log):
    self.executor, self._log = executor, log

  def full(self, params) -> float:
    self._log.append("measured")
    return float(params["w"][0])


@pytest.fixture(scope="module")
def log():
  """What is read and measured, where nothing of JAX is."""
  done = []

  def read(parent, shapes, shardings):
    done.append(f"read {parent.path.name}")
    seed = int(parent.path.name.split("-s")[1].split("-")[0])
    return {"w": np.full(250, seed, np.float32)}  # 1000 bytes

  def evaluator_of(run, executor, frozen):
    return Evaluator(executor, done)

  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(starts_lib, "_read", read)
    patch.setattr(starts_lib, "evaluator_of", evaluator_of)
    yield done
  done.clear()


def child(finetuning: Run, seed: int, **changes) -> Run:
  parent = dataclasses.replace(finetuning.parent, seed=seed)
  return dataclasses.replace(finetuning, parent=parent, **changes)


def test_children_of_a_parent_share_what_is_read_and_measured(log, finetuning):
  log.clear()
  starts, executor = Starts(), Executor()
  first = starts.of(child(finetuning, 3), STUDY, executor)
  again = starts.of(child(finetuning, 3, injection=0), STUDY, executor)
  assert first.params is again.params and first.evaluator is again.evaluator
  assert first.base == again.base == 3.0
  assert len(log) == 2 and log[0].startswith("read") and log[1] == "measured"
  # of another domain it is measured anew, and not read
  poems = child(finetuning, 3, domain="poems")
  other = starts.of(poems, STUDY, executor)
  assert other.params is first.params and other.evaluator is not first.evaluator
  # by other programs too: their last bits differ
  starts.of(poems, STUDY, Executor())
  assert log[2:] == ["measured", "measured"]


def test_programs_are_let_go_of(log, finetuning):
  starts, executor = Starts(), Executor()
  kept = starts.of(child(finetuning, 3), STUDY, executor).params
  gone = weakref.ref(executor)
  starts.forget(executor)
  del executor
  gc.collect()
  assert gone() is None
  # and the parameters stay
  assert starts.of(child(finetuning, 3), STUDY, Executor()).params is kept


def test_what_lies_on_devices_of_several_processes_is_not_kept(
  log, finetuning, monkeypatch
):
  class Spread(Executor):
    def keep(self, params):
      return {k: types.SimpleNamespace(nbytes=1) for k in params}

  starts, executor = Starts(), Spread()
  log.clear()
  for _ in range(2):
    starts.of(child(finetuning, 3), STUDY, executor)
  assert sum(line.startswith("read") for line in log) == 2


@settings(max_examples=50, deadline=None)
@given(
  seeds=st.lists(st.integers(0, 5), min_size=1, max_size=20),
  most=st.integers(0, 7),
)
def test_the_most_recently_used_parents_are_kept(log, text, seeds, most):
  """In so many bytes; one however large it is."""
  from small import small_finetuning

  finetuning, executor = small_finetuning(text), Executor()
  starts, expected = Starts(kept_bytes=1000 * most), []
  for seed in seeds:
    log.clear()
    start = starts.of(child(finetuning, seed), STUDY, executor)
    assert start.params["w"][0] == start.base == seed
    assert any(line.startswith("read") for line in log) == (
      seed not in expected
    )
    expected = [*(s for s in expected if s != seed), seed][-max(most, 1) :]
