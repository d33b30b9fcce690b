"""Which runs are chosen: filters on the axes."""

import pytest

from forgetting.config import InputError
from forgetting.launch import selection


@pytest.mark.parametrize(
  ("only", "count"),
  [
    ("", 12), ("domain=law", 6), ("domain=law,poems", 12), ("domain!=law", 6),
    ("injection=0.05", 4), ("injection=5e-2 domain=law seed=1", 1),
    ("injection<0.25", 8), ("injection<=0.25 injection>0", 8),
    ("model_params<1e6", 12), ("seed==1", 6),
  ],
)  # fmt: skip
def test_a_filter_chooses_runs_and_what_they_need(study, only, count):
  runs = selection.chosen(study, only)
  assert runs[0].parent is None
  assert len(runs) == count + 1
  assert list(runs) == [run for run in study.ordered() if run in runs]


@pytest.mark.parametrize(
  ("only", "line"),
  [
    (
      "domian=law",
      "found axis 'domian'; there are domain law, poems; model_pa",
    ),
    ("domain=kjv", "found domain=kjv, expected some of law, poems"),
    ("injection=0.3", "found injection=0.3, expected some of 0, 0.05, 0.25"),
    ("domain<3", "found domain<3, expected a number to compare"),
    ("injection<many", "expected a number to compare; injection has 0, 0.05"),
    ("law", "found 'law', expected AXIS=VALUE"),
    ("seed>5", "found no run with seed>5; there are domain law"),
  ],
)
def test_a_filter_that_does_not_fit_is_told_what_there_is(study, only, line):
  with pytest.raises(InputError) as error:
    selection.chosen(study, only)
  assert line in str(error.value).replace("0.0,", "0,")
  assert "\n" not in str(error.value)
