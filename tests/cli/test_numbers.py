import pytest

from forgetting.cli import main as cli
from forgetting.cli import numbers
from forgetting.config import InputError
from forgetting.config.amounts import EXPECTED
from forgetting.laws import answers_plan, arguments


def asked(*arguments: str) -> dict:
  """What a verb is called with, by name."""
  return cli.app.parse(arguments, description="").keywords


def test_every_number_may_be_written_as_people_do():
  told = asked(
    *("plan", "x", "--budget", "1e13", "--model-params", "1.3B"),
    *("--target-tokens", "400k", "--injection", "5%", "--epochs", "4"),
  )
  assert told["model_params"] == 1.3e9
  assert told["target_tokens"] == 400e3
  assert told["injection"] == 0.05
  assert told["budget"] == 1e13
  assert type(told["epochs"]) is float
  assert asked("predict", "x", "y", "--level", "90%")["level"] == 0.9
  assert asked("associate", "x", "--known", "1k")["known"] == 1000
  assert asked("data", "prepare", "--context", "1,024")["context"] == 1024
  study = asked("study", "x.py", "--limit", "2k", "--mfu", "40%")["asked"]
  assert (study.limit, study.cost.mfu) == (2000, 0.4)
  assert asked("report", "x", "--tolerance", "0.1")["tolerance"] == "0.1"


@pytest.mark.parametrize(
  ("arguments", "words"),
  [
    (("associate", "x", "--known", "2.5"), "'2.5' is not whole"),
    (("associate", "x", "--known", "many"), "'many' is no number"),
    (("predict", "x", "y", "--level", "nan"), "'nan' is no number"),
    (("associate", "x", "--known", "1e400"), "'1e400' is larger than any"),
    (("predict", "x", "y", "--level", "9" * 399), "is larger than any number"),
    (("study", "x.py", "--limit", "2.5"), "'2.5' is not whole"),
    (("study", "x.py", "--limit", "None"), "'None' is no number"),
  ],
)
def test_what_is_no_number_is_named(arguments, words):
  with pytest.raises(InputError, match=words) as told:
    asked(*arguments)
  assert arguments[-2] in str(told.value)


def test_a_tolerance_in_percent_is_percent_of_what_the_unit_says():
  assert numbers.tolerance("0.05", "loss") == 0.05
  assert numbers.tolerance("5", "percent") == 5
  assert numbers.tolerance("5%", "percent") == 5
  assert numbers.tolerance("5 %", "progress") == 5
  with pytest.raises(InputError, match="--unit percent"):
    numbers.tolerance("5%", "loss")
  with pytest.raises(InputError, match="'a lot'"):
    numbers.tolerance("a lot", "loss")


def test_values_that_are_held_are_written_alike():
  assert arguments.parse_fixed("B=1.5k,c=50%") == {"B": 1500, "c": 0.5}
  assert answers_plan.parse_guess("B=2k")["B"] == 2000


def test_a_number_that_may_be_left_out_is_refused_in_the_same_words():
  point = ("--model-params", "1", "--target-tokens", "1")
  with pytest.raises(InputError) as told:
    asked("plan", "x", *point, "--budget", "nan")
  line = f"Error parsing --budget: 'nan' is no number, expected {EXPECTED}"
  assert str(told.value) == f"{line}; see: forgetting plan --help"
  assert asked("plan", "x", *point)["budget"] is None
  assert asked("plan", "x", *point, "--budget", "2k")["budget"] == 2000.0


@pytest.mark.parametrize("verb", ["advise", "plan", "report"])
def test_help_says_that_a_tolerance_is_a_number(verb, capsys):
  with pytest.raises(SystemExit):
    asked(verb, "--help")
  assert "--tolerance FLOAT" in capsys.readouterr().out


def test_a_budget_may_have_more_digits_than_a_float():
  point = ("--model-params", "1", "--target-tokens", "1")
  found = asked("plan", "x", *point, "--budget", "1234567890123456789")
  assert found["budget"] == 1234567890123456789.0
