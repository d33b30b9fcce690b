"""Runs as arrays, each after what its runs need."""

import pytest

from forgetting.config import Run, Study
from forgetting.launch.slurm_arrays import Element, arrays


def of(study: Study, *, at_most: int = 100, **given):
  todo = given.pop("todo", study.ordered())
  given = dict(queued={}, salt="") | given
  return arrays(todo, at_most=at_most, **given)


@pytest.mark.parametrize("at_most", [1, 2, 3, 100])
def test_every_run_once_and_after_all_that_it_needs(chain, at_most):
  placed: dict[tuple[str, int], Run] = {}
  for array in of(chain, at_most=at_most):
    assert 0 < len(array.runs) <= at_most
    waited_for = {placed[e.job, e.index] for e in array.after}
    for index, run in enumerate(array.runs):
      assert set(run.needs) == waited_for
      placed[array.key, index] = run
  assert sorted(r.name for r in placed.values()) == sorted(
    run.name for run in chain.ordered()
  )


def test_an_array_a_parent(chain):
  # the parents; children of each; the replays, which need two runs
  assert sorted(len(array.runs) for array in of(chain)) == [1, 2, 5, 6]


def test_what_is_queued_is_waited_for_and_what_is_done_is_not(chain):
  parent, *_ = chain.ordered()
  todo = [run for run in chain.ordered() if run.parent == parent][:2]
  (done,) = of(chain, todo=todo)
  assert done.after == ()
  element = Element("17", 3)
  (queued,) = of(chain, todo=todo, queued={parent.name: element})
  assert queued.after == (element,)
