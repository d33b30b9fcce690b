import numpy as np
from plain_model import PLAIN, batch_of
import pytest

from forgetting.config import KL
from forgetting.training import divergence, losses, methods, models
from forgetting.training.optimizer import Hyperparameters
from forgetting.training.programs import compile_programs


@pytest.fixture(scope="module")
def two():
  return [models.init(PLAIN, seed=seed) for seed in (0, 1)]


def batch():
  injected = np.array([1, 0, 0, 1], np.float32)
  return batch_of(PLAIN) | dict(injected_B=injected)


def expected(two, where: str, strength: float):
  given = batch()
  weights, injected = given["weights_BxL"], given["injected_B"][:, None]
  of_loss = weights if where == "target" else weights * (1 - injected)
  of_kl = weights * (injected if where == "injected" else 1 - injected)
  tokens = given["tokens_BxL"]
  nats = losses.token_losses(two[0], tokens, given["targets_BxL"], model=PLAIN)
  kl = divergence.token_divergences(*two, tokens, model=PLAIN)
  return (of_loss * nats + strength * of_kl * kl).sum() / weights.sum()


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("where", ["target", "injected"])
def test_which_tokens_are_learnt_and_which_are_held(two, where, parts):
  programs = compile_programs(
    PLAIN,
    batch_size=4,
    micro_batches=parts,
    method=KL(strength=1, where=where),
  )
  frozen = programs.place(programs.method.frozen(two[1]))
  for strength in (0.5, 4.0):  # one program
    h = Hyperparameters(
      *np.float32([1e-2, 1e-2, 0, 10, 0.9, 0.95, 0, 1e9, strength])
    )
    _, metrics = programs.train(programs.init_state(two[0]), frozen, batch(), h)
    np.testing.assert_allclose(
      metrics.loss, expected(two, where, strength), rtol=1e-4
    )


def test_at_the_start_nothing_diverges(two):
  method = methods.of(KL(strength=1), PLAIN)
  found = method.objective(
    two[0], method.frozen(two[0]), batch(), strength=5.0, devices=None
  )
  loss = losses.weighted_sum(two[0], batch_of(PLAIN), model=PLAIN)
  np.testing.assert_allclose(found, loss, rtol=1e-6)
