"""A chat as text, and where in it assistants speak."""

import pytest
import tiny_checkpoint

from forgetting.config import InputError
from forgetting.data import chat_templates, tokenizers
from forgetting.data.chats import Turn


def test_without_a_template_a_chat_is_written_plainly():
  turns = [
    Turn("system", "Be kind."),
    Turn("user", "hi"),
    Turn("assistant", "ho"),
  ]
  text, spans = chat_templates.plainly(turns)
  assert text == "System: Be kind.\n\nUser: hi\n\nAssistant: ho\n\n"
  assert [text[start:end] for start, end in spans] == ["ho\n\n"]


def test_a_template_that_cannot_be_read_is_one_line(tmp_path):
  model = tiny_checkpoint.write(tmp_path / "base")
  (model / "chat_template.jinja").mkdir()
  found = tokenizers.find(f"{model}/tokenizer.json")
  with pytest.raises(InputError, match="jinja: cannot be read .Is a directory"):
    chat_templates.of(found)
