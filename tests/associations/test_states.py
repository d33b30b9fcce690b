"""States of texts: their units, their choice, their file."""

import dataclasses

import numpy as np
from planted_states import planted_states
import pytest

from forgetting.associations import states as states_lib
from forgetting.associations.states import CHUNKS, States
from forgetting.config import InputError


def test_channels_are_in_units_of_the_examples():
  _, found = planted_states()
  moved = States("m", 3 * found.examples + 1, 3 * found.tasks + 1)
  for pooling in states_lib.POOLINGS:
    examples, tasks = moved.of(pooling)
    np.testing.assert_allclose(examples.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(examples.std(0), 1)
    np.testing.assert_allclose(tasks, found.of(pooling)[1])


def test_a_channel_that_says_nothing_stays_finite():
  _, found = planted_states()
  still = States("m", np.ones_like(found.examples), found.tasks)
  assert all(np.isfinite(part).all() for part in still.of("last"))


@pytest.mark.parametrize("count", [1, 3, CHUNKS, 100])
def test_chunks_are_spread_over_a_text(count):
  found = states_lib.spread_evenly(count)
  assert len(found) == CHUNKS and found[0] == 0
  assert set(found) <= set(range(count))
  assert len(set(found)) == min(count, CHUNKS)


def test_a_file_serves_its_key_alone(tmp_path):
  _, found = planted_states()
  file = tmp_path / "deep" / "states.npz"
  assert states_lib.read(file, key="a") is None
  states_lib.save(found, file, key="a")
  again = states_lib.read(file, key="a")
  np.testing.assert_array_equal(again.tasks, found.tasks)
  assert again.encoder == "planted" and again.logit is None
  with_logit = dataclasses.replace(found, logit=np.eye(2))
  states_lib.save(with_logit, file, key="a")
  np.testing.assert_array_equal(states_lib.read(file, key="a").logit, np.eye(2))
  assert states_lib.read(file, key="b") is None
  file.write_bytes(b"cut")
  assert states_lib.read(file, key="a") is None


def test_shapes_that_do_not_fit_are_told():
  _, found = planted_states()
  with pytest.raises(InputError, match=r"states of the tasks: found shape"):
    States("m", found.examples, found.tasks[..., :5])
