"""A law as data: its parts, and what follows from the registry."""

from dataclasses import replace

import numpy as np
import pytest

from forgetting import laws
from forgetting.config import InputError
from forgetting.laws import law as law_lib


def test_a_law_of_ones_own_in_ten_lines():
  law = laws.Law(
    name="by_size_alone",
    equation="E + A / N^alpha",
    latex=r"E + A N^{-\alpha}",
    source="this test",
    loss=laws.Variable(("loss",), "loss"),
    variables={"N": laws.Variable(("model_params",))},
    parameters=(
      laws.Parameter("E", "floor"),
      laws.Parameter("A", "amplitude", units={"N": "alpha"}),
      laws.Parameter("alpha", "power", 0.01, 3.0, (0.05, 1.0), axes=("N",)),
    ),
    terms=lambda v, q: {"E": 1.0, "A": np.exp(-q.alpha * v.lnN)},
  )
  n = np.geomspace(1e6, 1e9, 12)
  table = {"model_params": n, "loss": 2 + 50 / n**0.3}
  fitted = laws.fit(table, law)
  assert fitted.params["A"] == pytest.approx(50, rel=1e-4)
  assert fitted.params["alpha"] == pytest.approx(0.3, rel=1e-5)


def test_variants_and_advisors_follow_from_the_registry():
  assert law_lib.variants("forgetting") == [
    ("forgetting", ()),
    ("forgetting", ("E",)),
    ("forgetting", ("G",)),
    ("forgetting", ("mu", "nu")),
    ("forgetting_log", ()),
    ("forgetting_power", ()),
    ("tokens", ()),
    ("tokens", ("alpha",)),
    ("tokens", ("delta",)),
    ("tokens_best", ()),
    ("tokens_best", ("alpha",)),
    ("tokens_best", ("delta",)),
  ]
  assert law_lib.advisable() == [
    ("forgetting", ()),
    ("forgetting", ("E",)),
    ("forgetting", ("G",)),
    ("forgetting_log", ()),
    ("forgetting_power", ()),
    ("tokens", ()),
    ("tokens", ("alpha",)),
    ("tokens_best", ()),
    ("tokens_best", ("alpha",)),
  ]
  with pytest.raises(
    InputError, match="there are chinchilla, curves, forgetting"
  ):
    law_lib.variants("none")


def test_a_registered_law_is_compared_and_may_advise(monkeypatch):
  monkeypatch.setattr(law_lib, "LAWS", dict(laws.LAWS))
  known = laws.LAWS["forgetting_log"]
  laws.register(replace(known, name="mine", advisable=((), ("E",))))
  assert ("mine", ()) in law_lib.variants("forgetting")
  assert law_lib.advisable()[-2:] == [("mine", ()), ("mine", ("E",))]


@pytest.mark.parametrize("law", laws.LAWS.values(), ids=lambda law: law.name)
def test_what_a_law_names_it_has(law):
  names = {p.name for p in law.parameters}
  optional = {p.name for p in law.parameters if p.default is not None}
  for free in (*law.variants, *law.advisable, law.nested):
    assert set(free) <= optional
  assert set(law.words) <= names
  if law.advisable:
    assert {"N", "D", "p"} <= set(law.variables)
    assert law.offset
  for said in law.words.values():
    assert said(dict.fromkeys(names, 0.5))
