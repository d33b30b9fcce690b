"""What the caller of a fit decides."""

import pytest

from forgetting.config import InputError
from forgetting.laws import LAWS
from forgetting.laws.choices import Choices


def test_optional_parameters_move_when_freed_and_fixed_ones_do_not():
  law = LAWS["forgetting"]
  choices = Choices(free=("E",), fixed={"B": 3.0})
  moving = {p.name for p in law.parameters if choices.moves(law, p.name)}
  assert moving == {"A", "alpha", "beta", "E"}


@pytest.mark.parametrize(
  ("choices", "line"),
  [
    (Choices(loss="l3"), "there are huber, l1, squares"),
    (Choices(delta=-1.0), "delta"),
    (Choices(overestimate=0.0), "overestimate"),
  ],
)
def test_a_loss_that_cannot_be_is_one_line(choices, line):
  with pytest.raises(InputError, match=line):
    _ = choices.objective


def test_what_is_not_said_is_the_law_s_own():
  bottom, other = LAWS["bottom"], LAWS["forgetting"]
  assert Choices.of(bottom).loss == "squares"
  assert Choices.of(bottom, loss="huber").loss == "huber"
  told = Choices.of(other, free=["E"], fixed=None, shared=["beta"])
  assert told == Choices(free=("E",), shared=("beta",))


@pytest.mark.parametrize(
  ("law", "fixed", "line"),
  [
    ("forgetting", dict(B=-5.0), "fix B=-5: expected 0.01 to 1e.09, as law f"),
    ("forgetting", dict(B=1e20), "expected 0.01 to 1e.09"),
    ("forgetting", dict(alpha=float("inf")), "fix alpha=inf: expected 0.001"),
    ("forgetting", dict(A=-1.0), "fix A=-1: expected 0 or more"),
    ("forgetting", dict(E=float("nan")), "fix E=nan: expected a finite number"),
    ("tokens", dict(B=0.0), "fix B=0: expected a finite number above 0"),
    ("kaplan", dict(Nc=-1.0), "fix Nc=-1: expected 0 or more, as law kaplan"),
  ],
)
def test_what_is_held_is_within_the_parameter_s_bounds(law, fixed, line):
  with pytest.raises(InputError, match=line):
    Choices.of(LAWS[law], fixed=fixed)


@pytest.mark.parametrize(
  ("law", "fixed"),
  [
    ("tokens", dict(B=1e-5, beta=0.0, alpha=0.0)),
    ("forgetting", dict(B=1e12, mu=0.5)),  # in units of N^mu
    ("forgetting", dict(A=0.0, E=-3.0)),
    ("kaplan", dict(Nc=8.8e13)),
  ],
)
def test_bounds_in_a_fit_s_units_hold_none_in_other_units(law, fixed):
  assert Choices.of(LAWS[law], fixed=fixed).fixed == fixed
