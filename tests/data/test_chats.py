"""Chats: their records, and there and back as documents."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from forgetting.data import chats
from forgetting.data.chats import Turn
from forgetting.data.fields import plain

CONTENT = st.text().map(plain)
TURNS = st.lists(
  st.builds(Turn, st.sampled_from(["system", "user", "assistant"]), CONTENT),
  min_size=1,
)


@given(TURNS)
def test_a_document_is_its_turns_and_back(turns):
  assert chats.parse(chats.document(turns)) == turns


def test_share_gpt_and_parts_of_text():
  turns = [
    {"from": "human", "value": "hi"},
    {"role": "assistant", "content": [{"type": "text", "text": "ho"}]},
  ]
  assert chats.turns_of(turns) == [Turn("user", "hi"), Turn("assistant", "ho")]


@pytest.mark.parametrize(
  "turn",
  [
    {"role": "tool", "content": "42"},
    {"role": "assistant", "content": "", "tool_calls": [{}]},
    {"role": "user", "content": [{"type": "image_url", "image_url": "x"}]},
    {"role": "assistant", "content": None},
  ],
)
def test_tools_and_images_are_no_chat_of_text(turn):
  said = [
    {"role": "user", "content": "hi"},
    {"role": "assistant", "content": "ho"},
  ]
  assert chats.turns_of(said) is not None
  assert chats.turns_of([*said, turn]) is None
  assert chats.turns_of(said[:1]) is None
