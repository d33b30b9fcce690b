"""States pooled over the tokens that count."""

import numpy as np

from forgetting.training import models, states


def test_poolings_are_the_mean_and_the_last_that_counts(finetuning, params):
  model = finetuning.model
  generator = np.random.default_rng(0)
  tokens = generator.integers(3, 259, (11, model.context), np.int32)
  weights = np.ones(tokens.shape, np.float32)
  weights[2, :4], weights[2, 20:] = 0, 0
  found = states.pooled(params, tokens, weights, model=model)
  whole = np.asarray(models.hidden(params, tokens, model=model))
  assert found.shape == (11, 2, whole.shape[-1])
  near = dict(rtol=1e-5, atol=1e-5)
  np.testing.assert_allclose(found[5, 0], whole[5].mean(0), **near)
  np.testing.assert_allclose(found[5, 1], whole[5, -1], **near)
  np.testing.assert_allclose(found[2, 0], whole[2, 4:20].mean(0), **near)
  np.testing.assert_allclose(found[2, 1], whole[2, 19], **near)
