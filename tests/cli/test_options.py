import pytest

from forgetting.cli.options import OwnText, Saving, given, refuse_others
from forgetting.cli.study import Machine, StudyOptions
from forgetting.config import InputError
from forgetting.config.saves import Saves


def test_given_is_what_differs_from_its_default_in_groups_too():
  assert given(OwnText()) == ()
  asked = StudyOptions(
    config="a.py",
    limit=3,
    text=OwnText(domain=("kjv",)),
    machine=Machine(slots=2),
  )
  assert given(asked) == ("config", "limit", "domain", "slots")


def test_what_is_saved_is_told_to_the_run():
  assert Saving().saves == Saves()
  saving = Saving(save_every=5, keep_best=True)
  assert saving.saves == Saves(every=5, best=True)


def test_a_refusal_says_with_what_and_what_to_do():
  refuse_others(("limit",), {"limit"}, found="--status", where={})
  with pytest.raises(InputError) as caught:
    refuse_others(
      ("limit", "save_every"),
      {"limit"},
      found="--status",
      where={"save_every": "runs that are to be done"},
    )
  assert str(caught.value) == (
    "--save-every: found it with --status, expected it with runs that are to be"
    " done; leave it out"
  )
