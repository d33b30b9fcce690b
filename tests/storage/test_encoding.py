"""The encoding of a text, by its first bytes."""

from hypothesis import assume, given
from hypothesis import strategies as st
import pytest

from forgetting.storage import encoding


@given(st.text())
def test_a_mark_says_it(text):
  # a NUL after the mark of UTF-16 makes it that of UTF-32, byte for byte
  assume(not text.startswith("\0"))
  for name in ("utf-8-sig", "utf-16", "utf-32"):
    content = text.encode(name)
    found, mark = encoding.of(content)
    assert content[mark:].decode(found) == text


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_shows_in_its_nuls(name):
  assert encoding.of("Words, and words.".encode(name)) == (name, 0)


@pytest.mark.parametrize("content", [b"", b"words", "été".encode(), b"\0\0\0"])
def test_all_else_is_utf_8(content):
  assert encoding.of(content) == ("utf-8", 0)
