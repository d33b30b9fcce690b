"""Certificates in sentences."""

from dataclasses import replace

import planted_tables
import pytest

from forgetting.laws.identify import form
from forgetting.report.certificates import sentences

FITTED = planted_tables.fitted()


def told(**changes) -> str:
  certificate = replace(FITTED.certificate, **changes)
  return "; ".join(sentences(replace(FITTED, certificate=certificate)))


def test_a_certificate_that_holds_tells_what_it_rests_on():
  text = told()
  assert "16 of 16 starts of the search ended at this fit" in text
  levels = "3 model sizes, 3 amounts of target tokens, 3 injections"
  assert f"it rests on {levels}, with 23 runs more than parameters" in text
  assert "not" not in text


@pytest.mark.parametrize(
  ("changes", "sentence"),
  [
    (dict(gradient=1e-3), "it is not a stationary point (gradient 0.001)"),
    (dict(smallest_eigenvalue=-1.0), "it is not a minimum"),
    (dict(next_basin=0.5), "the next local minimum is 50 % worse"),
    (dict(noise=1.0), "weak, as it is under 10 times"),
    (dict(at_bounds=("B",)), "on the bound of its range: B"),
    (dict(broken=("it falls",)), "does not hold: it falls"),
    (dict(dof=1), "with 1 run more than parameters"),
  ],
)
def test_what_speaks_against_it_is_a_sentence(changes, sentence):
  assert sentence in told(**changes)


def test_it_ends_with_what_the_backtest_says_of_the_form():
  *_, last = sentences(FITTED)
  assert last == f"of its form: {form(FITTED)}"
  assert "nats of forgetting" in last
