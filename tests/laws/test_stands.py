"""What an answer stands on."""

import planted_tokens
import pytest

from forgetting import laws
from forgetting.config import InputError
from forgetting.laws.stands import Stands

TABLE = planted_tokens.planted(noise=0.0005)


def test_a_law_that_is_named_answers_alone():
  stands = Stands.of(TABLE, law="tokens_best", fixed={"c": 0.4}, loss="squares")
  choice = stands.choose({"N": 6e4, "D": 4096})
  assert choice.fit.params["c"] == pytest.approx(0.4)
  assert choice.fit.choices.loss == "squares"
  assert stands.target is not None and stands.domain == "kjv"


def test_epochs_are_those_of_the_runs_unless_they_are_given():
  assert Stands.of(TABLE).passes(4096) == pytest.approx(40)
  fixed = Stands.of(TABLE, epochs=3)
  assert fixed.passes(4096) == pytest.approx(3)
  point = {"N": 6e4, "D": 4096}
  chosen = fixed.choose(point).fit
  assert chosen.schedule.planned(4096, 0) == pytest.approx(3 * 4096)


def test_a_fit_stands_by_itself_and_domains_must_be_known():
  fit = laws.fit(TABLE, "tokens_best")
  assert Stands.of(fit).only is fit
  with pytest.raises(InputError, match="no domain 'abc'"):
    Stands.of(TABLE, domain="abc")


@pytest.mark.parametrize("name", [*laws.LAWS])
def test_a_law_that_tells_no_injection_is_refused(name):
  law = laws.LAWS[name]
  if law.advisable:
    assert law.answers
  if not law.answers:
    with pytest.raises(
      InputError, match=f"law {name}: .* expected one of forg"
    ):
      Stands.of(TABLE, law=name)


@pytest.mark.parametrize(
  "given, told",
  [
    (dict(law="forgetting"), "law forgetting: found a fit of tokens_best"),
    (dict(fixed={"c": 0.2}), "fixed: found it beside a fit"),
    (dict(free=("alpha",)), "free: found it beside a fit"),
    (dict(loss="squares"), "loss: found it beside a fit"),
    (dict(columns={"N": "n"}), "columns: found it beside a fit"),
  ],
)
def test_a_fit_that_is_made_is_changed_by_nothing(given, told):
  fit = laws.fit(TABLE, "tokens_best")
  with pytest.raises(InputError, match=told):
    Stands.of(fit, **given)
  assert Stands.of(fit, law="tokens_best", loss="huber", fixed={}).only is fit
