import jax.numpy as jnp

from forgetting.training.clock import Clock


def test_seconds_add_up_by_what_they_went_into():
  clock = Clock({"earlier attempts": 2.0})
  assert clock.time("input", lambda x: x + 1, jnp.ones(3)).sum() == 6
  clock.queue("training", lambda: None)
  clock.add("training", 1.0)
  assert 1 <= clock.spent["training"] < 2 and clock.spent["input"] > 0
  assert clock.spent["earlier attempts"] == 2.0
