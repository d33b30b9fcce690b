"""Searches side by side end where each would alone."""

from dataclasses import replace

import numpy as np
import planted_tables
import planted_tokens
import pytest

from forgetting import laws
from forgetting.laws import lockstep
from forgetting.laws.fit import fitting_table
from forgetting.laws.law import advisable
from forgetting.laws.lockstep import Lanes


def tables():
  """Two tables of one law, of as many rows, with other numbers."""
  one = planted_tokens.planted(noise=0.002, seed=1)
  two = planted_tokens.planted(noise=0.003, seed=2)
  # beyond their noise they differ in every number that a law sees
  two = two.assign(
    model_params=3 * two["model_params"],
    target_tokens=2 * two["target_tokens"],
  )
  return one, two


def test_what_is_wanted_at_once_is_polished_at_once(monkeypatch):
  calls = []

  def counted(problem, start, **options):
    calls.append(len(start))
    return polish(problem, start, **options)

  polish = lockstep.polish
  monkeypatch.setattr(lockstep, "polish", counted)
  one, two = (laws.fit(t, "forgetting") for t in tables())
  calls.clear()
  searches = [
    lockstep.polished(Lanes(fit.own_problem, np.repeat(fit.x[None], 3, axis=0)))
    for fit in (one, two)
  ]
  found = lockstep.run(lockstep.gather(searches))
  assert calls == [6]
  for fit, end in zip((one, two), found, strict=True):
    np.testing.assert_allclose(end.objective, fit.objective, rtol=1e-9)


HOLDS = ("forgetting", "forgetting_log", "forgetting_power")


@pytest.mark.parametrize(
  ("form", "fixed"),
  [(form, {}) for form in advisable()]
  # in the units of the fit that is another number in each table
  + [((name, ()), {"E": 0.01}) for name in HOLDS],
  ids=str,
)
def test_two_tables_fitted_in_step_are_fitted_as_each_alone(form, fixed):
  law, free = form
  asked = dict(free=free, fixed=fixed)
  alone = [laws.fit(t, law, **asked) for t in tables()]
  searches = [fitting_table(t, law, **asked) for t in tables()]
  beside = lockstep.run(lockstep.gather(searches))
  for a, b in zip(alone, beside, strict=True):
    # to the last bit: whoever asks about one domain gets the page's numbers
    np.testing.assert_array_equal(a.x, b.x)
    assert a.certificate == b.certificate


def test_draws_in_step_are_those_of_each_alone():
  alone = [laws.fit(t, "tokens").draws(60) for t in tables()]
  fits = [laws.fit(t, "tokens") for t in tables()]
  beside = lockstep.run(lockstep.gather([fit.drawing(60) for fit in fits]))
  for a, b in zip(alone, beside, strict=True):
    np.testing.assert_array_equal(a, b)


def test_lanes_on_which_other_slots_move_may_go_together():
  problem = planted_tables.fitted().problem
  x = planted_tables.fitted().x
  slot = np.flatnonzero(problem.free)[-1]
  free, at = problem.free.copy(), x.copy()
  free[slot], at[slot] = False, 1.2 * x[slot]
  held = replace(problem, free=free, at=at)
  parts = [
    Lanes(problem, 1.01 * x[None], exact=False),
    Lanes(held, at[None], exact=False),
  ]
  alone = [lockstep.run(lockstep.polished(part)) for part in parts]
  searches = [lockstep.polished(part) for part in parts]
  beside = lockstep.run(lockstep.gather(searches))
  assert beside[1].x[0, slot] == at[slot]
  for a, b in zip(alone, beside, strict=True):
    np.testing.assert_allclose(a.objective, b.objective, rtol=1e-9)
  assert beside[1].objective[0] > beside[0].objective[0]


def test_searches_of_different_lengths_give_their_results_in_order():
  problem = planted_tables.fitted().problem
  start = planted_tables.fitted().x[None]

  def times(count: int):
    for _ in range(count):
      yield from lockstep.polished(Lanes(problem, start, limit=1))
    return count

  counts = [2, 0, 3, 1]
  assert lockstep.run(lockstep.gather([times(c) for c in counts])) == counts


def test_what_a_search_raises_is_raised():
  def fails():
    yield from lockstep.polished(
      Lanes(
        planted_tables.fitted().problem,
        planted_tables.fitted().x[None],
      )
    )
    raise ValueError("after its lanes")

  with pytest.raises(ValueError, match="after its lanes"):
    lockstep.run(lockstep.gather([fails()]))


def test_one_search_may_fail_and_the_others_end():
  def fails():
    yield from lockstep.polished(
      Lanes(planted_tables.fitted().problem, planted_tables.fitted().x[None])
    )
    raise ValueError("after its lanes")

  def attempt(search):
    try:
      return (yield from search)
    except ValueError as error:
      return str(error)

  fit = laws.fit(tables()[0], "forgetting")
  found = lockstep.run(
    lockstep.gather([attempt(fails()), attempt(fit.drawing(5))])
  )
  assert found[0] == "after its lanes"
  assert found[1].shape == (5, len(fit.x))


def test_portions_find_room():
  sizes = [3, 3, 9, 1, 1, 1]
  found = list(lockstep.portions("abcdef", sizes, 5))
  assert found == [["a"], ["b"], ["c"], ["d", "e", "f"]]


@pytest.mark.parametrize("most", [1, 200])
def test_what_finds_no_room_is_polished_apart(monkeypatch, most):
  monkeypatch.setattr(lockstep, "MOST", most)
  alone = [laws.fit(t, "tokens") for t in tables()]
  searches = [fitting_table(t, "tokens") for t in tables()]
  for a, b in zip(alone, lockstep.run(lockstep.gather(searches)), strict=True):
    np.testing.assert_array_equal(a.x, b.x)


def test_what_was_found_is_not_searched_again():
  problem = planted_tables.fitted().problem
  start = planted_tables.fitted().x[None]
  memory, made = {}, []

  def search():
    made.append(1)
    return (yield from lockstep.polished(Lanes(problem, start, limit=1)))

  first, again = (
    lockstep.run(lockstep.once(memory, "end", search)) for _ in range(2)
  )
  assert first is again is memory["end"]
  assert made == [1]
