"""One study read by several criteria."""

import json

import numpy as np
import pandas as pd
import pytest

from forgetting.config import InputError
from forgetting.laws import answers_criteria
from forgetting.laws.answers import Report
from forgetting.laws.answers_criteria import FixedTokens

ASKED = dict(
  domain="kjv", model_params=1e6, target_tokens=1e5, tolerance=0.1
)  # fmt: skip


@pytest.fixture
def asked(monkeypatch):
  """What the laws are asked; they answer twice the tolerance."""
  calls = []

  def advise(source, **options):
    calls.append((source, options))
    p = 2 * options["tolerance"] if not hasattr(source, "p") else source.p
    return Report(f"inject {p:g}", {"injection": p, "low": 0.0, "high": None})

  monkeypatch.setattr(answers_criteria.answers, "advise", advise)
  return calls


@pytest.mark.parametrize(
  ("name", "unit"),
  [("nats", "loss"), ("percent", "percent"), ("progress", "progress")],
)
def test_three_criteria_are_units(asked, name, unit):
  told = answers_criteria.advise("table", name, **ASKED)
  assert asked[0][1]["unit"] == unit
  assert told.text.startswith(f"criterion {name}: ")
  assert told.data["domain_ratio"] == pytest.approx(0.8)


def test_the_source_that_needs_most_decides(asked, monkeypatch):
  class Rows:
    def __init__(self, p):
      self.p = p

  tables = {"wiki": Rows(0.1), "code": Rows(0.3), "books": Rows(0.2)}
  monkeypatch.setattr(answers_criteria, "by_source", lambda study: tables)
  told = answers_criteria.advise("study", "any-source", **ASKED)
  assert told.data["injection"] == 0.3 and told.data["source"] == "code"
  assert told.data["sources"] == {"wiki": 0.1, "code": 0.3, "books": 0.2}
  assert len(asked) == 3


def test_the_table_has_a_row_a_criterion_and_says_why_one_has_none(asked):
  frame = pd.DataFrame(
    dict(
      model_params=[1e6] * 2, target_tokens=[1e5] * 2, injection=[0, 0.1],
      pretrain_loss=[3.0, 2.9], base_pretrain_loss=[2.5] * 2,
    )
  )  # fmt: skip
  told = answers_criteria.all_criteria(frame, **ASKED, unit="loss")
  header, *rows = told.text.splitlines()
  assert header.split()[:3] == ["criterion", "tolerance", "inject"]
  assert [row.split()[0] for row in rows] == [*answers_criteria.CRITERIA]
  assert "20 %" in rows[0] and "1 %" in rows[1]
  assert "refused" in told.data["dcpt"] and "refused" in told.data["any-source"]
  assert json.dumps(told.data)


def test_a_fixed_budget_is_the_same_whatever_is_injected():
  held = FixedTokens(((1.0, 2.0),), None, 500.0)
  assert held.trained(1e6, 100.0, np.array([0.0, 0.5])) == pytest.approx(500)
  assert held.trained(np.ones((3, 1)), 1.0, np.zeros((1, 2))).shape == (3, 2)


def test_other_words_are_one_line(asked):
  with pytest.raises(InputError, match="one of nats, percent"):
    answers_criteria.advise("table", "bits", **ASKED)
  with pytest.raises(InputError, match="--unit"):
    answers_criteria.advise("table", "cmr", **ASKED, unit="percent")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cmr", "dcpt"])
def test_the_criteria_of_papers_answer_a_planted_study(name):
  import planted_tokens

  frame = planted_tokens.planted()
  point = dict(model_params=4e5, target_tokens=1e5, tolerance=0.1)
  known = answers_criteria.advise(frame, "nats", domain="kjv", **point).data
  told = answers_criteria.advise(frame, name, domain="kjv", **point).data
  assert told["injection"] is None or 0 <= told["injection"] < 1
  if name == "cmr":
    # a fixed total trains on fewer target tokens: less is needed
    assert told["injection"] <= known["injection"] * 1.05


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["model_params", "target_tokens", "tolerance"])
def test_numbers_that_cannot_be_are_told_once(name):
  with pytest.raises(InputError, match=f"{name} 0: must be positive"):
    answers_criteria.advise("table", "dcpt", **ASKED | {name: 0})
  with pytest.raises(InputError, match=f"{name} 0: must be positive"):
    answers_criteria.all_criteria("table", **ASKED | {name: 0})
