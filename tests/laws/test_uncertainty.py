"""Bootstraps and profiles of a fit."""

import numpy as np
import pandas as pd
import pytest

from forgetting import laws
from forgetting.config import InputError


def losses(rows=40, seed=0, noise=0.01):
  generator = np.random.default_rng(seed)
  n = np.exp(generator.uniform(np.log(1e7), np.log(1e9), rows))
  d = np.exp(generator.uniform(np.log(1e9), np.log(1e11), rows))
  loss = 1.7 + 400 / n**0.34 + 1500 / d**0.36
  loss *= np.exp(noise * generator.standard_t(3, size=rows))
  return pd.DataFrame({"model_params": n, "tokens": d, "loss": loss})


FITTED = laws.fit(losses(), "chinchilla")


def test_profile_touches_the_optimum_and_rises_from_it():
  best = FITTED.params["alpha"]
  values = laws.profile(FITTED, "alpha", [0.7 * best, best, 1.4 * best])
  assert values[1] == pytest.approx(FITTED.objective, rel=1e-9)
  assert min(values[0], values[2]) > values[1] * (1 + 1e-6)


@pytest.mark.parametrize("draws", [1, 2, 51])
def test_a_bootstrap_of_any_length_converges(draws):
  found = laws.bootstrap(FITTED, draws=draws)
  assert len(found.x) == draws
  assert found.converged.all()
  assert (found.objective > 0).all()


def test_a_bootstrap_of_nothing_is_refused():
  with pytest.raises(InputError, match="draws 0"):
    laws.bootstrap(FITTED, draws=0)
