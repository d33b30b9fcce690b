import jax
import numpy as np
from plain_model import PLAIN, batch_of

from forgetting import config
from forgetting.training import losses, methods, models


def test_all_is_trained_and_nothing_frozen():
  full, params = methods.of(config.Full(), PLAIN), models.init(PLAIN, seed=0)
  assert full.frozen(params) == {}
  jax.tree.map(
    np.testing.assert_array_equal, full.merge(full.trained(params), {}), params
  )


def test_the_objective_is_the_weighted_loss():
  full, params = methods.of(config.Full(), PLAIN), models.init(PLAIN, seed=0)
  batch = batch_of(PLAIN)
  found = full.objective(params, {}, batch, strength=0.0, devices=None)
  expected = losses.weighted_sum(params, batch, model=PLAIN)
  assert float(found) == float(expected)
