"""A synthetic study that obeys a planted forgetting law, and its page read.

The other tests of the report import from here.
"""

import numpy as np
from planted_study import plant

from forgetting import laws, records


def test_planted_study_gives_back_its_law(tmp_path):
  study = plant(tmp_path, domains=("kjv",), noise=0.0)
  runs = records.load(study)
  assert (runs["status"] == "done").all()
  params = laws.fit(runs, "forgetting").params
  np.testing.assert_allclose(
    [params["alpha"], params["beta"], params["B"]], [0.3, 0.5, 300], rtol=1e-4
  )
