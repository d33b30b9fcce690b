import numpy as np
from plain_model import PLAIN

from forgetting.training import losses, models
from forgetting.training.evaluate import per_example
from forgetting.training.measuring import Measuring


def test_it_measures_whole_parameters():
  params = models.init(PLAIN, seed=0)
  measuring = Measuring.of(PLAIN)
  draw = np.random.default_rng(0)
  shape = (3, PLAIN.context + 1)
  chunks = draw.integers(0, PLAIN.vocab_size, shape, np.int32)
  weights = np.ones((3, PLAIN.context), np.float32)
  placed = measuring.to_devices(params)
  found = per_example(measuring.losses, placed, {}, chunks, weights)
  nats = losses.token_losses(params, chunks[:, :-1], chunks[:, 1:], model=PLAIN)
  np.testing.assert_allclose(found, np.mean(nats, 1), rtol=1e-5)
  kept = measuring.keep(placed)
  assert isinstance(kept["embed"]["embedding"], np.ndarray)
