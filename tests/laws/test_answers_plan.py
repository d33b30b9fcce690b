"""What the command answers to plan."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import planted_tables
import planted_tokens
import pytest

from forgetting import laws
from forgetting.config import InputError
from forgetting.laws import answers_plan


def study():
  """What `plan_new` reads of a Study."""
  runs = [SimpleNamespace(domain=None, injection=1.0)]
  for n in (1e6, 4e6, 16e6):
    for d in (1e5, 1e6, 1e7):
      for p in (0.0, 0.001, 0.01, 0.05):
        model = SimpleNamespace(model_params=n)
        runs.append(
          SimpleNamespace(
            domain="kjv", model=model, target_tokens=d, injection=p
          )
        )
  return SimpleNamespace(name="to come", runs=runs)


def test_a_study_to_come_is_planned_from_its_file():
  point = {"model_params": 1e8, "target_tokens": 3e7}
  report = answers_plan.plan_new(study(), budget=1e17, **point)
  assert report.data["spent"] <= 1e17
  assert report.data["after"] < report.data["before"]
  assert set(report.table["injection"]) <= {0.0, 0.001, 0.01, 0.05}
  with pytest.raises(InputError, match="smallest design"):
    answers_plan.plan_new(study(), budget=1.0, **point)
  empty = SimpleNamespace(name="empty", runs=[])
  with pytest.raises(InputError, match="no fine-tuning"):
    answers_plan.plan_new(empty, budget=1e17, **point)


@pytest.mark.parametrize("text", ["B", "b=3", "B=many", "alpha=-1"])
def test_a_guess_is_numbers_by_known_names(text):
  with pytest.raises(InputError, match="guess"):
    answers_plan.parse_guess(text)


def test_a_guess_keeps_what_it_does_not_name():
  assert answers_plan.parse_guess("B=30") == {**answers_plan.GUESS, "B": 30.0}


def test_a_plan_may_name_columns_otherwise(tmp_path):
  table = tmp_path / "mine.csv"
  planted_tables.planted().rename(columns={"pretrain_loss": "val"}).to_csv(
    table, index=False
  )
  asked = dict(budget=1e15, model_params=1e8, target_tokens=1e7)
  columns = {"loss": "val"}
  plan = answers_plan.plan(table, columns=columns, **asked)
  assert plan.data["after"] < plan.data["before"]


def test_runs_that_a_table_has_count_for_the_injection():
  table = planted_tokens.planted()
  asked = dict(model_params=2e5, target_tokens=10240, interval=1.2)
  asked["tolerance"] = 0.25
  few = table[table["model_params"] < 2e5]
  some = answers_plan.plan_injection(few, **asked)
  more = answers_plan.plan_injection(table, **asked)
  assert 1 < more.data["before"] < some.data["before"] < 100
  assert more.data["injection"] == pytest.approx(
    some.data["injection"], rel=0.3
  )
  assert more.data["factor"] < more.data["before"]


IMPOSSIBLE = [
  (dict(model_params=0), "model_params 0"),
  (dict(target_tokens=-7), "target_tokens -7"),
]
PREDICTED = [
  (dict(injection=-0.5), "injection -0.5"),
  (dict(injection=1), "injection 1"),
  (dict(epochs=0), "epochs 0"),
  (dict(budget=np.inf), "budget inf"),
]
KNOWN = [
  (dict(tolerance=np.inf), "tolerance inf"),
  (dict(interval=np.inf), "interval inf"),
  (dict(interval=np.nan), "interval nan"),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("changes", "words"), [*IMPOSSIBLE, *PREDICTED])
def test_a_predicted_loss_is_of_numbers_that_can_be(changes, words):
  asked = dict(budget=1e17, model_params=1e8, target_tokens=3e7) | changes
  with pytest.raises(InputError, match=words):
    answers_plan.plan(planted_tables.planted(), **asked)
  with pytest.raises(InputError, match=words):
    answers_plan.plan_new(study(), **asked)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("changes", "words"), [*IMPOSSIBLE, *KNOWN])
def test_an_injection_is_of_numbers_that_can_be(changes, words):
  asked = dict(model_params=2e5, target_tokens=10240, interval=1.2)
  asked |= dict(tolerance=0.25) | changes
  with pytest.raises(InputError, match=words):
    answers_plan.plan_injection(planted_tokens.planted(), **asked)
  with pytest.raises(InputError, match=words):
    answers_plan.plan_new_injection(study(), **asked)


def test_domains_that_there_are_are_named():
  table = pd.concat(
    planted_tokens.planted(domain=name) for name in ("kjv", "wiki")
  )
  point = dict(model_params=2e5, target_tokens=10240)
  closely = dict(interval=1.2, tolerance=0.25)
  for asked in (point | closely, point | dict(budget=1e12)):
    plan = answers_plan.plan_injection
    plan = answers_plan.plan if "budget" in asked else plan
    with pytest.raises(InputError, match="no domain given: .* kjv, wiki$"):
      plan(table, **asked)
    with pytest.raises(InputError, match="no domain 'mars': .* kjv, wiki$"):
      plan(table, domain="mars", **asked)
    with pytest.raises(InputError, match="'mars': the table has no domains"):
      plan(table.drop(columns="domain"), domain="mars", **asked)


def test_a_guess_is_offered_where_one_is_taken():
  asked = dict(model_params=2e5, target_tokens=10240, interval=1.2)
  with pytest.raises(InputError, match="ask for less$"):
    answers_plan.plan_injection(
      planted_tokens.planted(), tolerance=30.0, **asked
    )


def test_runs_that_identify_too_little_are_told():
  table = planted_tokens.planted(noise=0.02)
  table = table[(table["model_params"] == 2e5) & (table["injection"] < 0.1)]
  asked = dict(model_params=2e5, target_tokens=10240, interval=20)
  told = answers_plan.plan_injection(table, tolerance=0.2, **asked)
  fitted = laws.fit(table, "tokens")
  assert told.data["missing"] == (*fitted.unidentified,) != ()
  assert "caution: the runs that are there do not" in told.text
