import jax

from forgetting.config.method import FULL
from forgetting.training import methods, models, shapes


def test_a_state_has_two_moments_a_parameter_and_nothing_frozen(finetuning):
  method = methods.of(FULL, finetuning.model)
  state, frozen = shapes.state_and_frozen(method)
  params = jax.tree.leaves(models.shapes(finetuning.model))
  assert jax.tree.leaves(state["params"]) == params
  moments = [x.shape for x in jax.tree.leaves(state["optimizer"]) if x.shape]
  assert sorted(moments) == sorted(2 * [x.shape for x in params])
  assert frozen == {}


def test_a_batch_is_what_a_mixture_draws(finetuning):
  batch = shapes.batch(finetuning.model, 3)
  assert {x.shape for x in batch.values()} == {(3, finetuning.model.context)}
