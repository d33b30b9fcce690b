"""The law of when the target loss turns."""

import numpy as np
import planted_tokens
import pytest

from forgetting import laws
from forgetting.config import InputError
from forgetting.laws import lockstep
from forgetting.laws.backtests import backtests, predicted
from forgetting.laws.schedule import fit_bottom
from forgetting.laws.trained import with_tokens

TABLE = planted_tokens.planted(noise=0)


def test_it_is_what_the_plans_of_other_laws_go_by():
  frame = with_tokens(TABLE)
  lucky = np.random.default_rng(0).normal(size=len(frame))
  frame["best_tokens"] *= np.exp(0.2 * lucky)
  fitted, plan = laws.fit(frame, "bottom"), fit_bottom(frame)
  assert fitted.certificate.holds
  for name in ("C", "delta", "nu"):
    assert fitted.params[name] == pytest.approx(getattr(plan, name), rel=1e-6)
  assert fitted.choices.loss == "squares"
  assert laws.fit(frame, "bottom", loss="l1").choices.loss == "l1"


def test_only_runs_that_turned_tell_it():
  ended = TABLE.index < 5
  frame = TABLE.assign(
    best_step=np.where(ended, TABLE["steps"], TABLE["best_step"])
  )
  assert laws.fit(frame, "bottom").n == len(TABLE) - 5
  with pytest.raises(InputError, match="end at their best, expected some"):
    laws.fit(frame[ended], "bottom")
  # a table that has the tokens says by itself that these are at a bottom
  told = with_tokens(TABLE).drop(columns=["best_step", "steps"])
  assert laws.fit(told, "bottom").n == len(TABLE)


def test_the_largest_are_predicted_from_the_rest():
  fitted = laws.fit(TABLE, "bottom")
  split = backtests(fitted)[2]
  assert split.name == "all but the largest N and D"
  found = lockstep.run(predicted(fitted, [split]))[0]
  assert found == pytest.approx(fitted.own_data.loss, rel=1e-4)


def test_it_speaks_of_tokens():
  text = str(laws.fit(TABLE, "bottom"))
  assert text.startswith("bottom: T = C D^delta / (N^nu (1 - p))")
  assert "of the loss" not in text and "of the tokens" in text
