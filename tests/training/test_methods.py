"""A method other than the full one goes through step, fleet and evaluation.

None of them knows it: it freezes the embedding, in a tree of its own.
"""

import dataclasses

import jax
import numpy as np
from plain_model import PLAIN, batch_of
import pytest

from forgetting import config
from forgetting.training import methods, models
from forgetting.training.evaluate import per_example
from forgetting.training.fleet import Fleet
from forgetting.training.methods.method import Method
from forgetting.training.optimizer import Hyperparameters
from forgetting.training.programs import compile_programs
from forgetting.training.stepping import StepAsked

SMALL = dataclasses.replace(PLAIN, vocab_size=40)
H = Hyperparameters(*np.float32([1e-2, 1e-3, 0, 10, 0.9, 0.95, 0, 1e9]))


@dataclasses.dataclass(frozen=True, kw_only=True)
class NoEmbedding(config.Full):
  """What a run's config would say."""


class Frozen(Method):
  """Trains all but the embedding."""

  def trained(self, params, *, seed=0):
    return {k: v for k, v in params.items() if k != "embed"}

  def frozen(self, params, *, text=None):
    return {"embed": params["embed"]}

  def merge(self, trained, frozen):
    return trained | frozen


@pytest.fixture(autouse=True)
def known(monkeypatch):
  monkeypatch.setitem(methods.METHODS, NoEmbedding, Frozen)


def both(params):
  method = methods.of(NoEmbedding(), SMALL)
  return method.trained(params), method.frozen(params)


def test_what_is_frozen_stays_and_the_rest_moves_as_it_would():
  params, batch = models.init(SMALL, seed=0), batch_of(SMALL)
  rows = len(batch["tokens_BxL"])
  trained, base = both(params)
  programs = compile_programs(SMALL, batch_size=rows, method=NoEmbedding())
  assert "embed" not in programs.shapes["params"]
  state, metrics = programs.train(
    programs.init_state(trained), base, programs.put(batch), H
  )
  full = compile_programs(SMALL, batch_size=rows, method=config.Full())
  expected, all_metrics = full.train(
    full.init_state(params), {}, full.put(batch), H
  )
  # without decay and clipping, Adam moves each parameter by itself
  assert metrics.loss == all_metrics.loss
  assert metrics.gradient_norm < all_metrics.gradient_norm
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7),
    state["params"],
    both(expected["params"])[0],
  )


def test_losses_are_those_of_the_merged_parameters():
  params, batch = models.init(SMALL, seed=0), batch_of(SMALL)
  chunks = np.concatenate(
    [batch["tokens_BxL"], batch["targets_BxL"][:, -1:]], axis=1
  )
  weights = np.ones((len(chunks), SMALL.context), np.float32)
  trained, base = both(params)
  programs = compile_programs(SMALL, batch_size=4, method=NoEmbedding())
  found = per_example(programs.losses, trained, base, chunks, weights)
  full = compile_programs(SMALL, batch_size=4)
  expected = per_example(full.losses, params, {}, chunks, weights)
  np.testing.assert_array_equal(found, expected)


def test_the_runs_of_a_fleet_share_their_base():
  params, batch = models.init(SMALL, seed=0), batch_of(SMALL)
  rows = len(batch["tokens_BxL"])
  fleet = Fleet(SMALL, batch_size=rows, slots=2, method=NoEmbedding())
  trained, base = both(params)
  asked = StepAsked(fleet, fleet.init_state(trained), base, batch, H)
  done = fleet.step({0: asked, 1: asked._replace(batch=_other(batch))})
  alone = compile_programs(SMALL, batch_size=rows, method=NoEmbedding())
  for slot, of in ((0, batch), (1, _other(batch))):
    expected, _ = alone.train(alone.init_state(trained), base, of, H)
    jax.tree.map(
      # of steps of 0.01: Adam's first has the sign of what is hardly there
      lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=1e-4),
      done[slot].state["params"],
      expected["params"],
    )
  other = jax.tree.map(np.array, base)
  with pytest.raises(ValueError, match="2 bases: the runs of a fleet share"):
    fleet.step({0: asked, 1: asked._replace(frozen=other)})


def _other(batch):
  return batch | dict(tokens_BxL=batch["targets_BxL"])
