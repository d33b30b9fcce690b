import dataclasses

import pytest

from forgetting.config import InputError, Model
from forgetting.config.model import Decoder, Numerics, indivisible

PLAIN = Model(layers=1, width=32, heads=2, context=24, vocab_size=2100)


def test_what_is_not_known_is_refused():
  with pytest.raises(InputError, match="Model.remat: found 'some'"):
    dataclasses.replace(PLAIN, remat="some")
  with pytest.raises(InputError, match="Model.dtype: found 'float16'"):
    dataclasses.replace(PLAIN, dtype="float16")
  with pytest.raises(InputError, match="Model.width: found 33"):
    dataclasses.replace(PLAIN, width=33)


def test_architecture_and_numerics_are_values_of_their_own():
  longer = dataclasses.replace(PLAIN, context=48, remat="full")
  assert longer != PLAIN
  assert (
    longer.architecture
    == PLAIN.architecture
    == Decoder(layers=1, width=32, heads=2, vocab_size=2100)
  )
  assert longer.numerics == Numerics(remat="full") != PLAIN.numerics


def test_flops_grow_with_the_context_by_attention_alone():
  longer = dataclasses.replace(PLAIN, context=48)
  assert longer.flops_per_token - PLAIN.flops_per_token == 12 * 32 * 24


def test_the_first_size_that_a_mesh_does_not_share_is_named():
  of = PLAIN.architecture
  assert indivisible(of, rows=8, data=4, model=2) is None
  assert indivisible(of, rows=6, data=4, model=1) == ("batch_size", 6, 4)
  assert indivisible(of, rows=3, data=3, model=1) == ("width", 32, 3)
  assert indivisible(of, rows=4, data=1, model=4) == ("heads", 2, 4)


def test_model_params_formula():
  model = Model(layers=3, width=64, heads=4, vocab_size=300)
  matrices = 3 * (64 * 192 + 64 * 64 + 64 * 256 + 256 * 64)
  assert model.model_params == matrices + 64 * (2 * 3 + 1)
  assert model.total_params == model.model_params + 300 * 64
