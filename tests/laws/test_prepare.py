"""From data to a problem: units, slots, and what does not move."""

from types import SimpleNamespace

import numpy as np
import planted_tables
import pytest

from forgetting.config import InputError
from forgetting.laws import LAWS
from forgetting.laws.choices import Choices
from forgetting.laws.prepare import build, centred, scales_of, slots_of

LAW = LAWS["forgetting"]
DATA = planted_tables.fitted().data


def test_sizes_and_losses_are_over_their_geometric_means():
  scales = scales_of(LAW, DATA)
  assert scales["N"] == pytest.approx(4e6)
  assert scales["T"] == scales["N"]  # its unit is shared, nobody reads it
  v = centred(LAW, DATA.values, scales)
  assert v.lnN.mean() == pytest.approx(0, abs=1e-12)
  np.testing.assert_array_equal(v.p, DATA.values["p"])
  assert v.lnT.tolist() == [0.0]


def test_domains_have_slots_of_what_they_do_not_share():
  names = [
    (slot.parameter.name, slot.group)
    for slot in slots_of(LAW, ("kjv", "wiki"), ("alpha", "beta"))
  ]
  assert {g for n, g in names if n == "B"} == {0, 1}
  assert {g for n, g in names if n in ("alpha", "E")} == {None}
  assert [n for n, _ in names[:3]] == ["A", "A", "E"]


def test_a_fixed_parameter_is_held_in_the_fit_s_units():
  scales = scales_of(LAW, DATA)
  choices = Choices(fixed={"B": 900.0, "mu": 0.0, "nu": 0.0})
  problem = build(LAW, DATA, choices, scales)
  at = {s.parameter.name: i for i, s in enumerate(problem.slots)}
  assert not problem.free[at["B"]]
  assert problem.slots[at["B"]].outside(problem.at[at["B"]]) == pytest.approx(
    900
  )
  assert problem.free[[at["A"], at["alpha"], at["beta"]]].all()
  with pytest.raises(InputError, match="no parameter 'Z'"):
    build(LAW, DATA, Choices(free=("Z",)), scales)


@pytest.mark.parametrize(
  "changes",
  [
    dict(A=-5.0),
    dict(B=0.0),
    dict(A=400.0, B=None),  # it is told of by G, alpha, beta and B alone
  ],
)
def test_a_mixed_parameter_is_held_whole_or_refused(changes):
  law = LAWS["data_constrained"]
  data = SimpleNamespace(
    loss=np.full(4, 2.0),
    weight=np.ones(4),
    group=None,
    groups=(),
    values={symbol: np.full(4, 1e6) for symbol in "NDU"},
  )
  fixed = dict(A=400.0, B=400.0, alpha=0.3, beta=0.3)
  scales = scales_of(law, data)
  problem = build(law, data, Choices(fixed=fixed), scales)
  held = [
    s.parameter.name
    for s, free in zip(problem.slots, problem.free, strict=True)
    if not free
  ]
  assert sorted(held) == ["B", "G", "alpha", "beta"]
  fixed = {k: v for k, v in (fixed | changes).items() if v is not None}
  with pytest.raises(InputError, match="fixed: [AB] has the units of other"):
    build(law, data, Choices(fixed=fixed), scales)
