import dataclasses
import json

import public_models
import pytest

from forgetting.config import InputError, canonical
from forgetting.config.config_json import parse
from forgetting.config.model import Model, indivisible
from forgetting.config.transformer import PublicModel


def model(case: str, **more) -> PublicModel:
  return PublicModel.of(parse(public_models.CONFIGS[case]), context=16, **more)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Holder:
  model: Model


@pytest.mark.parametrize(
  "case", ["gemma3", "phi3-long", "opt-after", "smollm3"]
)
def test_a_model_survives_its_json(case):
  """Kinds of layer, a tuple of configs in a config, included."""
  holder = Holder(model=model(case, dtype="bfloat16"))
  told = json.loads(canonical.to_json(holder))
  again = canonical.from_dict(Holder, told)
  assert again == holder
  assert type(again.model) is PublicModel


def test_a_context_longer_than_the_model_has_is_refused():
  c = parse(public_models.CONFIGS["llama"])
  with pytest.raises(InputError, match="at most the 32 tokens"):
    PublicModel.of(c, context=33)


def test_sizes_that_do_not_agree_are_refused():
  c = parse(public_models.CONFIGS["llama"])
  for wrong in (dict(kv_heads=3), dict(rotary_size=3), dict(pattern=(0, 0, 1))):
    with pytest.raises(InputError, match=f"Transformer.{next(iter(wrong))}"):
      dataclasses.replace(c, **wrong)


def test_what_does_not_divide_is_named():
  c = parse(public_models.CONFIGS["llama"])
  assert indivisible(c, rows=8, data=4, model=4) == ("kv_heads", 2, 4)
  assert indivisible(c, rows=8, data=4, model=1) is None


def test_flops_count_the_output_layer_but_no_look_up():
  c = parse(public_models.CONFIGS["llama"])
  matrices = 3 * (32 * 32 * 2 + 2 * 32 * 16 + 3 * 32 * 48) + 41 * 32
  square = 12 * 3 * 32 * 10
  assert c.training_flops(10) == 6 * matrices + square
