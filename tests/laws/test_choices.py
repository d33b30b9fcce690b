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
