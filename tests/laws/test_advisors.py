"""The forms that may advise, fitted side by side."""

from planted_tables import GRID_3, planted, toy
import pytest

from forgetting import laws
from forgetting.config import InputError
from forgetting.laws.advisors import fit_advisors, name_of
from forgetting.laws.criteria import aicc


def test_the_published_form_stays_unless_another_is_clearly_better():
  advisors = fit_advisors(toy())
  assert advisors.best is not advisors.published
  assert aicc(advisors.best) < aicc(advisors.published) - 2
  planted_ = fit_advisors(planted(noise=0.0005))
  assert planted_.best is planted_.published
  assert name_of(planted_.with_free("E")) == "forgetting with E"
  assert planted_.with_free("mu") is None


def test_a_form_that_cannot_be_fitted_does_not_keep_from_advice():
  # two injections: forgetting_power needs three
  table = planted((*GRID_3[:2], (0, 0.01)))
  advisors = fit_advisors(table)
  assert [*advisors.refused] == ["forgetting_power"]
  assert "2 levels" in advisors.refused["forgetting_power"]
  advice = laws.advise(
    table, model_params=4e6, target_tokens=1e6, tolerance=0.05
  )
  assert advice.injection > 0
  with pytest.raises(InputError, match="1 level"):
    fit_advisors(planted((*GRID_3[:2], (0,))))
