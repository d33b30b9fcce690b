import jax
import numpy as np
from plain_model import PLAIN, batch_of

from forgetting.training import losses, models
from forgetting.training.methods.full import FULL


def test_all_is_trained_and_nothing_frozen():
  params = models.init(PLAIN, seed=0)
  trained, base = FULL.split(params)
  assert base == {}
  jax.tree.map(np.testing.assert_array_equal, FULL.merge(trained, base), params)


def test_the_objective_is_the_weighted_loss():
  params, batch = models.init(PLAIN, seed=0), batch_of(PLAIN)
  found = FULL.objective(params, {}, batch, model=PLAIN, devices=None)
  expected = losses.weighted_sum(params, batch, model=PLAIN)
  assert float(found) == float(expected)
