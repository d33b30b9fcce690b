import pytest

from forgetting.config import InputError
from forgetting.config.saves import Saves


def test_the_options_of_a_command_that_saves_like_this():
  assert Saves().arguments == []
  assert Saves(every=5, best=True).arguments == [
    "--save-every", "5", "--keep-best",
  ]  # fmt: skip


def test_a_number_of_steps_that_cannot_be_is_told_as_the_option():
  with pytest.raises(InputError, match="^--save-every: found 0, expected 1"):
    Saves(every=0)


def test_what_others_start_from_is_kept_in_any_case():
  assert Saves(parents=("a",)).keeps_best("a")
  assert not Saves(parents=("a",)).keeps_best("b")
  assert Saves(best=True).keeps_best("b")
  assert Saves(parents=("a",)).arguments == []
