"""Bootstraps of a fit."""

import pandas as pd
import planted_tables
import planted_tokens
import pytest

from forgetting import laws
from forgetting.config import InputError
from forgetting.laws import uncertainty
from forgetting.laws.cautions import standing_cautions

FITTED = laws.fit(planted_tables.pretrainings(), "chinchilla")


@pytest.mark.parametrize("draws", [1, 2, 51])
def test_a_bootstrap_of_any_length_converges(draws):
  found = laws.bootstrap(FITTED, draws=draws)
  assert len(found.x) == draws
  assert found.converged.all()
  assert (found.objective > 0).all()


def test_a_bootstrap_of_nothing_is_refused():
  with pytest.raises(InputError, match="draws 0"):
    laws.bootstrap(FITTED, draws=0)


@pytest.mark.parametrize("cells, told", [(2, "3 different fits"), (9, "")])
def test_resamples_of_two_cells_say_that_they_are_few(cells, told):
  d = tuple(2048 * 2**i for i in range(cells))
  fitted = laws.fit(
    planted_tokens.planted(((2e4,), d, (0, 0.02, 0.2))), "tokens"
  )
  found = uncertainty.poor(fitted)
  assert told in found and bool(told) == bool(found)
  cautions = [*standing_cautions(fitted, None)]
  assert (found in cautions) == bool(told)
  assert ("resamples gave" in str(fitted)) == bool(told)


def test_resamples_that_move_nothing_say_so():
  """A curve between two kinds of rows, as many above it as below."""
  table = planted_tokens.planted(noise=0.0)
  loss = table["pretrain_loss"]
  halves = [table.assign(pretrain_loss=loss * f) for f in (0.97, 1.03)]
  both = pd.concat(halves).drop(columns="domain")
  assert "none near it" in uncertainty.poor(laws.fit(both, "tokens"))
  assert uncertainty.poor(laws.fit(both, "tokens", loss="squares")) == ""
  assert uncertainty.poor(laws.fit(table, "tokens")) == ""


def test_runs_without_noise_need_no_more_of_them():
  grid = ((2e4,), (2048, 4096), (0, 0.02, 0.2))
  exact = laws.fit(planted_tokens.planted(grid, noise=0.0), "tokens")
  assert uncertainty.poor(exact) == ""


def test_more_of_what_is_drawn_is_asked_for():
  p = [0.0, 0.02, 0.1, 0.3]
  loss = [3.4, 3.3, 3.17, 3.08]
  table = pd.DataFrame(dict(injection=p, pretrain_loss=loss))
  fitted = laws.fit(table.assign(base_pretrain_loss=3.0), "replay")
  assert "more runs are needed" in uncertainty.poor(fitted)
