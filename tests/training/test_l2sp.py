import jax
import numpy as np
from plain_model import PLAIN, batch_of
import pytest

from forgetting.config import L2SP
from forgetting.training import losses, methods, models
from forgetting.training.optimizer import Hyperparameters
from forgetting.training.programs import compile_programs


def hyperparameters(strength: float) -> Hyperparameters:
  return Hyperparameters(
    *np.float32([1e-2, 1e-2, 0, 10, 0.9, 0.95, 0, 1e9, strength])
  )


@pytest.fixture(scope="module")
def params():
  return models.init(PLAIN, seed=0)


def test_the_penalty_is_half_the_squared_distance_a_token(params):
  method, batch = methods.of(L2SP(strength=2), PLAIN), batch_of(PLAIN)
  away = jax.tree.map(lambda x: x + np.float32(0.01), params)
  found = method.objective(
    away, method.frozen(params), batch, strength=2.0, devices=None
  )
  count = sum(x.size for x in jax.tree.leaves(params))
  penalty = 0.5 * 2 * count * 0.01**2
  loss = losses.weighted_sum(away, batch, model=PLAIN)
  total = batch["weights_BxL"].sum()
  np.testing.assert_allclose(found / total, loss / total + penalty, rtol=1e-4)


@pytest.mark.parametrize("parts", [1, 2])
def test_a_batch_in_parts_is_penalised_once(params, parts):
  programs = compile_programs(
    PLAIN, batch_size=4, micro_batches=parts, method=L2SP(strength=1)
  )
  method, batch = programs.method, batch_of(PLAIN)
  away = jax.tree.map(lambda x: x + np.float32(0.01), params)
  frozen = programs.place(method.frozen(params))
  _, metrics = programs.train(
    programs.init_state(away), frozen, batch, hyperparameters(0.3)
  )
  loss = losses.weighted_sum(away, batch, model=PLAIN)
  penalty = 0.15 * sum(x.size for x in jax.tree.leaves(params)) * 0.01**2
  expected = loss / batch["weights_BxL"].sum() + penalty
  np.testing.assert_allclose(metrics.loss, expected, rtol=1e-4)


def test_a_strong_pull_keeps_the_weights_near_and_takes_no_other_program(
  params,
):
  """The strength is an argument: a grid of them compiles one program."""
  one, other = (
    compile_programs(PLAIN, batch_size=4, method=L2SP(strength=s).program)
    for s in (1e-3, 1e3)
  )
  assert one is other
  method, batch, moved = one.method, batch_of(PLAIN), []
  frozen = one.place(method.frozen(params))
  for strength in (0, 1e3):
    state = one.init_state(params)
    for _ in range(10):
      state, _ = one.train(state, frozen, batch, hyperparameters(strength))
    moved.append(float(method.distance(state["params"], frozen)))
  assert moved[1] < 0.2 * moved[0]
