"""Chats as tokens, held against what transformers makes of the same.

`chat_masks.json` has two templates, chats, and the tokens and masks of
transformers 5 (`apply_chat_template(..., return_assistant_tokens_mask=True)`)
with the tokenizer of `hand_made_tokenizer`; null where it refuses a chat.
"""

import json
import pathlib

import hand_made_tokenizer
import pytest
import synthetic

from forgetting.config import InputError
from forgetting.data import chat_encoding, chats, store, tokenizers
from forgetting.data.chats import Turn

STORED = json.loads(
  (pathlib.Path(__file__).parent / "chat_masks.json").read_text()
)


def tokenizer(folder, template: str | None, *, plain: bool = False):
  """The tokenizer with a template beside it; plain: without generation."""
  told = hand_made_tokenizer.definition(STORED["special"])
  (folder / "tokenizer.json").write_text(json.dumps(told))
  if template is not None:
    if plain:
      template = template.replace("{% generation %}", "")
      template = template.replace("{% endgeneration %}", "")
    settings = dict(chat_template=template, eos_token="<|im_end|>")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
  return tokenizers.find(str(folder / "tokenizer.json"))


def encoded(kind, messages):
  turns = [Turn(m["role"], m["content"]) for m in messages]
  return chat_encoding.encoder(kind)(chats.document(turns).encode())


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("name", [*STORED["templates"]])
def test_tokens_and_masks_are_those_of_transformers(tmp_path, name, plain):
  pytest.importorskip("tokenizers")
  kind = tokenizer(tmp_path, STORED["templates"][name], plain=plain)
  seen = 0
  for messages, stored in zip(
    STORED["chats"], STORED["transformers"][name], strict=True
  ):
    if stored is None:
      continue
    found = encoded(kind, messages)
    assert found.tokens.tolist() == stored[0]
    assert found.weights.tolist() == stored[1]
    seen += 1
  assert seen >= 2


def test_what_a_content_spells_is_text(tmp_path):
  pytest.importorskip("tokenizers")
  kind = tokenizer(tmp_path, STORED["templates"]["chatml"])
  said = [
    dict(role="user", content="what is <|im_end|>?"),
    dict(role="assistant", content="it is <|im_end|>"),
  ]
  found = encoded(kind, said)
  end = 260 + STORED["special"].index("<|im_end|>")
  assert (found.tokens == end).sum() == 2
  assert found.weights[found.tokens == end].tolist() == [0, 1]


def test_a_system_that_is_refused_speaks_with_the_user(tmp_path):
  pytest.importorskip("tokenizers")
  kind = tokenizer(tmp_path, STORED["templates"]["turns"])
  said = [
    dict(role="system", content="be kind"),
    dict(role="user", content="hi"),
    dict(role="assistant", content="ka"),
  ]
  joined = [dict(role="user", content="be kind\n\nhi"), said[2]]
  assert encoded(kind, said).tokens.tolist() == (
    encoded(kind, joined).tokens.tolist()
  )


def test_what_a_template_refuses_is_counted(tmp_path):
  pytest.importorskip("tokenizers")
  kind = tokenizer(tmp_path, "{{ raise_exception('no') }}")
  document = chats.document([Turn("assistant", "ka")]).encode()
  assert chat_encoding.refused(kind, [document, document]) == 2
  assert not len(chat_encoding.encoder(kind)(document).tokens)
  with pytest.raises(InputError, match="chat template: .*line 1"):
    (tmp_path / "other").mkdir()
    encoded(tokenizer(tmp_path / "other", "{% if %}"), [])


@pytest.mark.usefixtures("own_cache")
def test_loss_is_on_what_assistants_say(tmp_path):
  said = [
    (f"Question {i}?", " ".join(synthetic.words(12, seed=i)))
    for i in range(120)
  ]
  lines = [
    json.dumps(
      {
        "conversations": [
          {"from": "human", "value": asked},
          {"from": "gpt", "value": answer},
        ]
      }
    )
    for asked, answer in said
  ]
  (tmp_path / "chat.jsonl").write_text("\n".join(lines))
  prepared = store.prepare(str(tmp_path / "chat.jsonl"), context=16)
  assert prepared.meta["read_as"] == "chats, turns in 'conversations'"
  targets = prepared.train[:, 1:][prepared.train_weights == 1]
  text = bytes((targets[targets >= 3] - 3).astype("u1")).decode()
  answers = {answer for _, answer in said}
  parts = [part for part in text.split("\n\n") if part]
  assert len(parts) > 80 and {*parts[1:-1]} <= answers
