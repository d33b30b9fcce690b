"""config.json in both layouts, with what files of the hub leave out."""

import json

import numpy as np
import public_models
import pytest

from forgetting.config import InputError
from forgetting.config.config_json import parse, read
from forgetting.config.transformer import FAMILIES

LLAMA = public_models.CONFIGS["llama"]


def test_every_family_has_a_model():
  cases = public_models.CONFIGS.values()
  assert {told["model_type"] for told in cases} == {*FAMILIES}


@pytest.mark.parametrize("case", public_models.CONFIGS)
def test_both_layouts_are_one_architecture(case):
  """As transformers 5 writes it, with every default spelt out."""
  new = str(np.load(public_models.FILE)[f"{case}/config"])
  old = public_models.config_text(case)
  assert read(new, where=case) == read(old, where=case)


@pytest.mark.parametrize(
  ("changes", "message"),
  [
    (
      {"model_type": "mamba"},
      "model_type: found 'mamba', expected one of llama",
    ),
    ({"model_type": None}, "model_type: found"),
    ({"rope_scaling": {"type": "mrope"}}, "rope_type: found 'mrope'"),
    ({"hidden_size": None}, "hidden_size: found None"),
    (
      {"num_attention_heads": 0},
      "num_attention_heads: found 0, expected a whole number above 0",
    ),
    ({"num_attention_heads": "four"}, "num_attention_heads: found 'four', exp"),
    ({"num_hidden_layers": 2.5}, "num_hidden_layers: found 2.5, expected a w"),
    ({"head_dim": "x"}, "head_dim: found 'x', expected a whole number"),
    ({"vocab_size": None}, "vocab_size: found None"),
    ({"hidden_act": "geglu"}, "activation: found 'geglu'"),
    ({"use_bidirectional_attention": True}, "use_bidirectional_attention"),
    ({"partial_rotary_factor": 0.5}, "partial_rotary_factor: found 0.5"),
    (
      {"quantization_config": {"quant_method": "gptq"}},
      "found weights quantised by gptq",
    ),
  ],
)
def test_what_is_not_understood_is_refused_by_its_name(changes, message):
  with pytest.raises(InputError, match=message):
    parse(LLAMA | changes)


def test_layers_are_what_their_list_says():
  told = public_models.CONFIGS["gemma2"]
  types = ["full_attention", "sliding_attention", "full_attention"]
  c = parse(told | {"layer_types": types})
  windows = [c.kinds[i].window for i in c.pattern]
  assert windows == [None, 5, None]
  for wrong in (types[:2], ["full_attention", "chunked_attention", "x"]):
    with pytest.raises(InputError, match="layer_types"):
      parse(told | {"layer_types": wrong})


def test_the_first_gemma_means_the_other_gelu():
  told = public_models.CONFIGS["gemma"] | {"hidden_act": "gelu"}
  assert parse(told).activation == "gelu_tanh"


def test_a_model_with_vision_is_read_for_its_text():
  inner = public_models.CONFIGS["gemma3"]
  outer = {"model_type": "gemma3", "text_config": inner, "vision_config": {}}
  assert parse(outer) == parse(inner)


def test_known_models_have_their_sizes():
  """SmolLM2-135M and Pythia-70m, as their papers count them."""
  smollm2 = dict(
    model_type="llama", vocab_size=49152, hidden_size=576, head_dim=64,
    intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
    num_key_value_heads=3, max_position_embeddings=8192,
    tie_word_embeddings=True,
  )  # fmt: skip
  c = parse(smollm2)
  assert (c.total_params, c.model_params) == (134_515_008, 106_203_456)
  pythia = dict(
    model_type="gpt_neox", vocab_size=50304, hidden_size=512,
    intermediate_size=2048, num_hidden_layers=6, num_attention_heads=8,
    max_position_embeddings=2048,
  )  # fmt: skip
  c = parse(pythia)
  assert (c.total_params, c.model_params) == (70_426_624, 18_915_328)


def test_no_json_is_told_with_its_place():
  with pytest.raises(InputError, match="here/config.json: is no JSON"):
    read("{", where="here/config.json")
  with pytest.raises(InputError, match="x: model_type: found 'rwkv'"):
    read(json.dumps({"model_type": "rwkv"}), where="x")


@pytest.mark.parametrize(
  ("text", "told"),
  [
    ("[]", "found [], expected an object with settings"),
    ("null", "found None, expected an object"),
    (
      json.dumps(LLAMA | {"rope_theta": "x"}),
      "is not understood (ValueError: ",
    ),
    (json.dumps(LLAMA | {"model_type": []}), "is not understood (TypeError: "),
  ],
)
def test_what_else_it_may_be_is_told_with_its_place(text, told):
  with pytest.raises(InputError) as caught:
    read(text, where="here/config.json")
  assert str(caught.value).startswith(f"here/config.json: {told}")
  assert "\n" not in str(caught.value)
