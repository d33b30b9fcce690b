"""The section on how long it takes to the bottom of the U-curve."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import planted_tokens
import pytest

from forgetting.config import InputError
from forgetting.laws import lockstep
from forgetting.report import bottom, figure_bottom, fitted

TABLE = planted_tokens.planted(noise=0).assign(domain="kjv")
EVIDENCE = SimpleNamespace(domains=["kjv"], measured=TABLE)


def laws_of(table):
  """A domain's laws, of which only that of the bottom is looked at."""
  found, why = None, {}
  try:
    search = fitted._bottom(fitted.trained.with_tokens(table))
    found = lockstep.run(search)
  except InputError as error:
    why["bottom"] = str(error)
  return [SimpleNamespace(domain="kjv", bottom=found, why=why)]


def test_each_run_is_predicted_with_and_without_its_own_cell():
  fits = laws_of(TABLE)
  table = bottom.points(fits)
  kinds = table["kind"].value_counts()
  assert kinds[bottom.KINDS[0]] == kinds[bottom.KINDS[1]] == len(TABLE)
  largest = table[table["kind"] == bottom.KINDS[2]]
  sizes, amounts = TABLE["model_params"], TABLE["target_tokens"]
  beyond = (sizes == sizes.max()) | (amounts == amounts.max())
  assert len(largest) == beyond.sum()
  # the planted law holds for all
  assert np.allclose(table["predicted"], table["measured"], rtol=1e-3)
  domains, levels = ["kjv"], sorted(sizes.unique())
  drawn = figure_bottom.bottom(table, domains=domains, sizes=levels)
  assert [p.get_title() for p in drawn.axes] == [
    kind.capitalize() for kind in bottom.KINDS
  ]


def test_the_section_tells_parameters_and_how_many_turned():
  text = bottom.section(EVIDENCE, laws_of(TABLE))
  assert f"{len(TABLE)} of {len(TABLE)} runs turned" in text
  assert "a model ten times larger turns after" in text


def test_one_amount_of_text_holds_its_power():
  one = TABLE[TABLE["target_tokens"] == TABLE["target_tokens"].min()]
  fits = laws_of(one)
  assert fits[0].bottom.choices.fixed == {"delta": 1.0}
  assert "<i>δ</i> is held at 1" in bottom.section(EVIDENCE, fits)


def test_runs_that_did_not_turn_say_so():
  ended = laws_of(TABLE.assign(best_step=TABLE["steps"]))
  assert bottom.points(ended) is None
  assert "train for more epochs" in bottom.section(EVIDENCE, ended)


@pytest.mark.parametrize("name", ["bottom"])
def test_the_page_has_its_figure_certificate_and_row(whole, name):
  study, page = whole
  table = pd.read_csv(study / "figures" / f"{name}.csv")
  assert set(table["domain"]) == {"kjv", "wiki_fr"}
  assert "How long until the bottom" in page.text
  assert any(row[1:3] == [name, "holds"] for row in page.rows)
  assert '"bottom": (q, at, s, base) =>' in page.source
