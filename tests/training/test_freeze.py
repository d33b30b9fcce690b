import dataclasses

from flax.traverse_util import flatten_dict
import jax
import numpy as np
from plain_model import PLAIN, batch_of
import pytest

from forgetting.config import Freeze, InputError
from forgetting.training import methods, models
from forgetting.training.optimizer import Hyperparameters
from forgetting.training.programs import compile_programs

MODEL = dataclasses.replace(PLAIN, layers=3, vocab_size=40)
H = Hyperparameters(*np.float32([1e-2, 1e-2, 0, 10, 0.9, 0.95, 0, 1e9]))


@pytest.mark.parametrize(
  "freeze",
  [
    Freeze(parts=("embeddings",)),
    Freeze(parts=("matrices", "embeddings")),
    Freeze(layers=1),
    Freeze(layers=3),
    Freeze(parts=("norms",), layers=2),
  ],
)
def test_both_trees_make_the_model_and_share_nothing(freeze):
  params = models.init(MODEL, seed=0)
  method = methods.of(freeze, MODEL)
  trained, frozen = method.trained(params), method.frozen(params)
  jax.tree.map(
    np.testing.assert_array_equal, method.merge(trained, frozen), params
  )
  sizes = [sum(x.size for x in jax.tree.leaves(t)) for t in (trained, frozen)]
  assert sum(sizes) == sum(x.size for x in jax.tree.leaves(params))


def test_a_step_moves_what_is_not_frozen():
  """The first layer, the norms and the embedding stay."""
  freeze = Freeze(parts=("embeddings", "norms"), layers=1)
  params = models.init(MODEL, seed=0)
  programs = compile_programs(MODEL, batch_size=4, method=freeze)
  method = programs.method
  frozen = programs.place(method.frozen(params))
  state = programs.init_state(method.trained(params))
  state, _ = programs.train(state, frozen, batch_of(MODEL), H)
  after = flatten_dict(method.merge(state["params"], frozen), sep="/")
  for path, before in flatten_dict(params, sep="/").items():
    moved = np.asarray(after[path] != before)
    if path.endswith("kernel"):
      assert not moved[0].any() and moved[1:].mean() > 0.9, path
    else:
      assert not moved.any(), path


def test_parts_that_there_are_not_are_named():
  with pytest.raises(InputError, match="found 'head', expected .* embeddings,"):
    methods.of(Freeze(parts=("head",)), MODEL)
  with pytest.raises(InputError, match="layers: found 4, expected at most the"):
    methods.of(Freeze(layers=4), MODEL)
  everything = Freeze(parts=("embeddings", "norms"), layers=3)
  with pytest.raises(InputError, match="expected something left to train"):
    methods.of(everything, MODEL)
