"""A second family goes through losses, sharding, optimizer and footprint.

None of them is told of it: it is a class of architecture and a module.
"""

import dataclasses
import types

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec as P
import numpy as np
import pytest

from forgetting.config import Optimizer, Run
from forgetting.config.model import Decoder, Model
from forgetting.cost.footprint import Mesh, footprint
from forgetting.training import losses, models, sharding
from forgetting.training.models import decoder
from forgetting.training.optimizer import Hyperparameters
from forgetting.training.programs import compile_programs


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bigram(Decoder):
  """Predicts a token from the one before it alone."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class BigramModel(Model):
  @property
  def architecture(self) -> Bigram:
    return Bigram(
      layers=self.layers,
      width=self.width,
      heads=self.heads,
      vocab_size=self.vocab_size,
    )


def shapes(architecture):
  size = (architecture.padded_vocab_size, architecture.width)
  table = jax.ShapeDtypeStruct(size, jnp.float32)
  return dict(given=dict(matrix=table), next=dict(matrix=table))


def init(architecture, *, seed):
  draw = np.random.default_rng(seed)
  return jax.tree.map(
    lambda s: draw.normal(0, 0.1, s.shape).astype(np.float32),
    shapes(architecture),
  )


FAMILY = types.SimpleNamespace(
  RULES=((r"matrix$", P("model", "data")),),
  shapes=shapes,
  init=init,
  hidden=lambda params, tokens, *, architecture, numerics: params["given"][
    "matrix"
  ][tokens],
  head=lambda params: params["next"]["matrix"],
  head_bias=lambda params: None,
  logit_cap=lambda architecture: None,
  is_decayed=lambda path: path.startswith("given"),
  values_kept=lambda architecture, numerics: architecture.width,
  fuses_attention=lambda architecture, numerics: True,
)
BIGRAM = BigramModel(layers=1, width=16, heads=1, context=12, vocab_size=30)


@pytest.fixture
def family(monkeypatch):
  monkeypatch.setitem(models.FAMILIES, Bigram, FAMILY)


def batch_of(rows: int):
  tokens = np.random.default_rng(0).integers(0, 30, (rows, 12), np.int32)
  following = (tokens + 1) % 30
  weights = np.ones((rows, 12), np.float32)
  return dict(tokens_BxL=tokens, targets_BxL=following, weights_BxL=weights)


def test_a_second_family_is_trained_by_the_same_step(family):
  programs = compile_programs(BIGRAM, batch_size=4)
  assert {*programs.shapes["params"]} == {"given", "next"}
  state = programs.init_state(models.init(BIGRAM, seed=0))
  h = Hyperparameters(*np.float32([3e-2, 3e-2, 0, 400, 0.9, 0.95, 0, 1e9]))
  first, batch = None, programs.put(batch_of(4))
  for _ in range(60):
    state, metrics = programs.train(state, {}, batch, h)
    first = first or float(metrics.loss)
  assert float(metrics.loss) < 0.5 * first
  table = losses.apply(state["params"], batch["tokens_BxL"], model=BIGRAM)
  hits = np.asarray(table).argmax(-1) == batch["targets_BxL"]
  assert hits.mean() > 0.9


def test_what_decays_lies_and_is_kept_is_the_familys_to_say(family):
  h = Hyperparameters(*np.float32([1, 1, 0, 10, 0, 0, 0.5, 1e9]))
  programs = compile_programs(BIGRAM, batch_size=4)
  params = models.init(BIGRAM, seed=0)
  batch = batch_of(4)
  batch["weights_BxL"] = np.zeros_like(batch["weights_BxL"])
  batch["weights_BxL"][0, 0] = 1e-30  # no gradient to speak of
  state, _ = programs.train(programs.init_state(params), {}, batch, h)
  moved = {k: state["params"][k]["matrix"] for k in params}
  kept = {k: v["matrix"] for k, v in params.items()}
  unseen = np.setdiff1d(np.arange(30), batch["tokens_BxL"][0, :1])
  np.testing.assert_allclose(
    moved["given"][unseen], kept["given"][unseen] / 2, rtol=1e-5
  )
  with pytest.raises(ValueError, match="no rule of the model's family"):
    sharding.spec_of("given/matrix", decoder.RULES)
  run = Run(
    model=BIGRAM,
    optimizer=Optimizer(peak_lr=1e-3),
    steps=1,
    batch_size=4,
    injection=1,
  )
  mine = footprint(run, Mesh(1, 1), fused_attention=True)
  theirs = footprint(
    dataclasses.replace(
      run,
      model=Model(layers=1, width=16, heads=1, context=12, vocab_size=30),
    ),
    Mesh(1, 1),
    fused_attention=True,
  )
  assert mine.activations < theirs.activations
