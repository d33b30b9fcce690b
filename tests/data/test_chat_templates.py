"""A chat as text, and where in it assistants speak."""

from forgetting.data import chat_templates
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
