"""Which token ends a document, by all who may know."""

import json

from etils import epath
import pytest

from forgetting.config import InputError
from forgetting.data import end_of_text, tokenizers


def definition(*special, plain=()):
  """A tokenizer.json with these added tokens, from id 4 on."""
  added = [
    dict(id=4 + i, content=token, special=token in special)
    for i, token in enumerate((*plain, *special))
  ]
  return dict(model=dict(vocab=dict(a=0, b=1, c=2, d=3)), added_tokens=added)


def end_of(folder, told, *, name="tokenizer.json", **beside):
  """The piece that is found, with these settings beside the definition."""
  (folder / "tokenizer.json").write_text(json.dumps(told))
  for file, settings in beside.items():
    (folder / f"{file}.json").write_text(json.dumps(settings))
  found = tokenizers.find(f"{folder}/{name}")
  pieces = {token["id"]: token["content"] for token in told["added_tokens"]}
  return pieces.get(found.end_id, found.end_id)


CHAT = definition("<|endoftext|>", "<|im_end|>")


@pytest.mark.parametrize(
  ("told", "beside", "end"),
  [
    # an HTML tag has the name of an end; it is not special
    (definition("<eos>", plain=["</s>"]), {}, "<eos>"),
    (definition("<eos>", "</s>"), dict(config=dict(eos_token_id=4)), "<eos>"),
    # a chat model ends turns
    (CHAT, dict(config=dict(eos_token_id=5)), "<|endoftext|>"),
    (
      CHAT,
      dict(tokenizer_config=dict(eos_token="<|im_end|>")),
      "<|endoftext|>",
    ),
    (
      definition("<fin>", "<|im_end|>"),
      dict(generation_config=dict(eos_token_id=[5, 4])),
      "<fin>",
    ),
    (
      definition("<|im_start|>", "<|im_end|>"),
      dict(tokenizer_config=dict(eos_token=dict(content="<|im_end|>"))),
      "<|im_end|>",
    ),
    # what the files say outside the vocabulary, or not at all, is not taken
    (
      definition("</s>"),
      dict(config=dict(eos_token_id=9), generation_config=dict()),
      "</s>",
    ),
    (definition(plain=["</s>"]), dict(config=dict(eos_token_id=None)), "</s>"),
  ],
)
def test_the_end_is_what_the_models_files_say_then_a_name(
  tmp_path, told, beside, end
):
  assert end_of(tmp_path, told, **beside) == end


def test_the_user_names_it_by_piece_or_id(tmp_path):
  told = definition("<|im_start|>", "<|im_end|>")
  with pytest.raises(InputError, match=r"tokenizer.json\?end=<\|im_end\|>$"):
    end_of(tmp_path, told)
  assert end_of(tmp_path, told, name="tokenizer.json?end=<|im_end|>") == (
    "<|im_end|>"
  )
  assert end_of(tmp_path, told, name="tokenizer.json?end=4") == "<|im_start|>"
  with pytest.raises(InputError, match="no token '<fin>'"):
    end_of(tmp_path, told, name="tokenizer.json?end=<fin>")


def test_another_end_is_another_tokenizer_and_the_same_is_not(tmp_path):
  (tmp_path / "tokenizer.json").write_text(json.dumps(CHAT))
  path = f"{tmp_path}/tokenizer.json"
  plain, same = tokenizers.find(path), tokenizers.find(f"{path}?end=4")
  other = tokenizers.find(f"{path}?end=<|im_end|>")
  assert plain.sha256 == same.sha256 != other.sha256
  assert plain.slug == other.slug == "tokenizer"
  assert other.path == path


def test_settings_that_are_none_are_named(tmp_path):
  (tmp_path / "config.json").write_text("[1]")
  path = epath.Path(tmp_path / "tokenizer.json")
  with pytest.raises(InputError, match="config.json holds no settings"):
    end_of_text.said_beside(path, {})
