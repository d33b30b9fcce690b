"""The forms that may advise, and which of them answers where."""

from planted_tables import GRID_3, planted, toy
import planted_tokens
import pytest

from forgetting.config import InputError
from forgetting.laws.advisors import fit_advisors, name_of
from forgetting.laws.trials import trial


def test_the_form_that_missed_least_answers():
  advisors = fit_advisors(toy())
  chosen = advisors.choose()
  scores = chosen.scores
  assert scores[name_of(chosen.fit)] <= 1.25 * min(scores.values())
  assert scores["forgetting"] > scores[name_of(chosen.fit)]
  assert chosen.trial == trial(chosen.fit, ())


def test_each_law_answers_for_runs_that_obey_it():
  tokens = fit_advisors(planted_tokens.planted(noise=0.0005))
  assert name_of(tokens.best).startswith("tokens")
  published = fit_advisors(planted(noise=0.0005))
  assert published.best.law.name == "forgetting"
  assert name_of(published.form("forgetting", "E")) == "forgetting with E"
  assert published.form("forgetting", "mu") is None


def test_the_question_decides_which_trial_counts():
  advisors = fit_advisors(planted_tokens.planted(noise=0.0005))
  beyond = advisors.choose({"N": 1e6, "D": 4096})
  assert "largest N" in beyond.trial.where
  assert advisors.choose({"N": 6e4, "D": 4096}).trial.where.startswith("each")
  assert len(advisors.everywhere()) == 9


def test_a_form_that_cannot_be_fitted_does_not_keep_from_advice():
  # two injections: forgetting_power needs three
  advisors = fit_advisors(planted((*GRID_3[:2], (0, 0.01))))
  assert "2 levels" in advisors.refused["forgetting_power"]
  assert advisors.published is not None


def test_small_tables_get_the_widest_law_that_they_identify():
  runs = planted_tokens.planted(noise=0)
  size = runs[runs["model_params"] == 6e4]
  assert {f.law.name for f in fit_advisors(size).forms} <= {
    "tokens",
    "tokens_best",
  }
  one = size[size["target_tokens"] == 4096]
  assert name_of(fit_advisors(one).best) == "tokens (beta = 0)"
  two = one[one["injection"] != 0.02]
  assert name_of(fit_advisors(two).best) == "tokens (beta = 0, c = 0.5)"
  with pytest.raises(InputError, match="injection of 0 % only.*with 5 %"):
    fit_advisors(one[one["injection"] == 0])


@pytest.mark.parametrize(
  ("fixed", "line"),
  [
    (dict(gamma=0.0), "fix gamma: found no form .* expected some of A, alpha,"),
    (dict(B=-5.0), "fix B=-5: expected a finite number above 0"),
    (dict(G=0.1, c=1.0), "fix G, c: found no form .* has them together"),
    # forms without it could be fitted
    (dict(c=-5.0), "fix c=-5: expected 0.001 to 5"),
  ],
)
def test_what_is_held_is_held_in_some_form_or_refused(fixed, line):
  with pytest.raises(InputError, match=line):
    fit_advisors(toy(), fixed=fixed)


def test_forms_without_what_is_held_do_not_answer():
  found = fit_advisors(planted_tokens.planted(), fixed=dict(c=0.5))
  assert len(found.forms) > 1 and not found.refused
  assert all(form.choices.fixed == dict(c=0.5) for form in found.forms)
