"""The laws of each domain, and the advice beside the runs."""

from known_advice import advice_of
import numpy as np
import pandas as pd
from planted_study import plant
import pytest

from forgetting import laws, records
from forgetting.report import fitted


def test_planted_study_gives_back_its_law(tmp_path):
  study = plant(tmp_path, domains=("kjv",), noise=0.0)
  runs = records.load(study)
  assert (runs["status"] == "done").all()
  params = laws.fit(runs, "forgetting").params
  np.testing.assert_allclose(
    [params["alpha"], params["beta"], params["B"]], [0.3, 0.5, 300], rtol=1e-4
  )


@pytest.mark.parametrize(
  ("injection", "forgetting", "clashes"),
  [
    (0.2, 0.15, True),  # the advice calls 20 % enough, it is not
    (0.2, 0.104, False),  # within the noise
    (0.01, 0.05, True),  # 1 % is enough, the advice asks for more
    (0.05, 0.15, False),  # inside the interval of the advice
  ],
)
def test_a_run_that_contradicts_the_advice(injection, forgetting, clashes):
  runs = pd.DataFrame(
    dict(injection=[injection], forgetting=[forgetting], pretrain_loss=[3.0])
  )
  found = fitted.contradicts(runs, advice_of(), noise=0.002)
  assert found == clashes
