import jax
import numpy as np

from forgetting.training.programs import compile_programs


def test_a_shape_is_compiled_once(finetuning, programs):
  again = compile_programs(finetuning.model, batch_size=finetuning.batch_size)
  assert again is programs


def test_what_is_kept_is_not_given_away_by_the_step(programs, params):
  placed = programs.to_devices(params)
  kept = programs.keep(placed)
  jax.tree.map(lambda x: x.delete(), placed)
  jax.tree.map(np.testing.assert_array_equal, kept, params)


def test_a_state_starts_at_step_zero_without_moments(programs, params):
  state = programs.init_state(params)
  assert int(state["step"]) == 0
  assert not any(
    np.asarray(x).any() for x in jax.tree.leaves(state["optimizer"])
  )
  jax.tree.map(np.testing.assert_array_equal, dict(state)["params"], params)
