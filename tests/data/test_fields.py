"""Records that are known by the names of their fields."""

import pytest

from forgetting.data.documents import RESPONSE
from forgetting.data.fields import Fields

TURNS = [{"role": "user", "content": "hi"}]
SHARED = [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "ho"}]


@pytest.mark.parametrize(
  ("record", "told"),
  [
    (dict(text="a", other=1), "text in 'text'"),
    (dict(messages=TURNS, text="rendered"), "chats, turns in 'messages'"),
    (dict(id=1, conversations=SHARED), "chats, turns in 'conversations'"),
    (
      dict(instruction="a", input="b", output="c"),
      "prompts 'instruction' (with 'input'), responses 'output'",
    ),
    (
      dict(prompt="a", completion="b"),
      "prompts 'prompt', responses 'completion'",
    ),
    (dict(question="a", answer="b"), "prompts 'question', responses 'answer'"),
  ],
)
def test_a_record_of_a_known_kind(record, told):
  assert Fields.known(record).told == told


def test_what_is_told_comes_first():
  assert Fields.known(dict(messages=TURNS, body="a"), "body").text == "body"
  assert Fields.known(dict(log=SHARED), "log").chat == "log"
  assert Fields.known(dict(body="a")) is None


def test_an_alpaca_input_follows_its_instruction_where_there_is_one():
  fields = Fields.known(dict(instruction="", input="", output=""))
  record = dict(instruction="Sum", input="1 2", output="3")
  assert fields.document(record) == f"Sum\n1 2\n{RESPONSE}3"
  assert fields.document(record | {"input": ""}) == f"Sum\n{RESPONSE}3"
