"""Arguments of a study as the command line gives them."""

from typing import Literal

import pytest

from forgetting.config import InputError
from forgetting.config.study_arguments import typed
from forgetting.config.study_file import load_study


def study(
  domains: tuple[str, ...] = ("kjv",),
  seeds: tuple[int, ...] = (0,),
  *,
  injections: tuple[float, ...] = (0.0,),
  tokens: int = 1,
  lr: float | None = None,
  probe: bool = False,
  kind: Literal["full", "lora"] = "full",
):
  """Arguments of every kind."""


@pytest.mark.parametrize(
  ("told", "value"),
  [
    ("domains=./letters", ("./letters",)),
    ("seeds=0, 1", (0, 1)),
    ("injections=0,5%,0.2", (0.0, 0.05, 0.2)),
    ("tokens=400k", 400_000),
    ("tokens=1.3B", 1_300_000_000),
    ("lr=none", None),
    ("lr=1e-3", 1e-3),
    ("probe=yes", True),
    ("kind=lora", "lora"),
  ],
)
def test_a_value_is_what_its_annotation_says(told, value):
  assert typed(study, [told], "mine.py") == {told.partition("=")[0]: value}


@pytest.mark.parametrize(
  ("told", "line"),
  [
    (["seed=1"], "mine.py has domains, seeds, .*did you mean 'seeds'"),
    (["seeds"], "expected NAME=VALUE"),
    (
      ["seeds=a"],
      "--set seeds: found 'a', expected a tuple, each item a whole",
    ),
    (["tokens=1.5"], "--set tokens: found '1.5', expected a whole number"),
    (["kind=other"], "expected one of full, lora"),
    (["tokens=1", "tokens=2"], "found it twice"),
  ],
)
def test_what_cannot_be_is_one_line(told, line):
  with pytest.raises(InputError, match=line):
    typed(study, told, "mine.py")


def test_a_study_file_takes_them():
  found = load_study(
    "configs/quickstart.py", arguments=["domains=./letters.txt"]
  )
  assert {run.domain for run in found.runs} == {"./letters.txt"}
  other = load_study("configs/quickstart.py", arguments=["pretraining=wiki_en"])
  assert other.name == "quickstart-wiki_en"
