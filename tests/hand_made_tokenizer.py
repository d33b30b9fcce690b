"""A byte-level BPE written by hand, with the special tokens that one names."""

from collections.abc import Sequence


def byte_letters() -> dict[int, str]:
  """The letter by which byte-level BPE shows each byte."""
  kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
  rest = [b for b in range(256) if b not in kept]
  letters = {b: chr(b) for b in kept}
  return letters | {b: chr(256 + i) for i, b in enumerate(rest)}


def definition(special: Sequence[str]) -> dict:
  """A tokenizer.json: an id a byte, a few merges, then the special tokens.

  Args:
    special: their pieces, in the order of their ids.
  """
  shown = byte_letters()
  merges = [("k", "a"), ("h", "i"), (shown[10], shown[10]), ("s", "o")]
  vocab = {shown[b]: b for b in range(256)}
  for i, (one, other) in enumerate(merges):
    vocab[one + other] = 256 + i
  bytewise = dict(
    type="ByteLevel", add_prefix_space=False, trim_offsets=False, use_regex=True
  )
  no = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
  return {
    "version": "1.0",
    "added_tokens": [
      dict(id=260 + i, content=token, special=True, **no)
      for i, token in enumerate(special)
    ],
    "pre_tokenizer": bytewise,
    "decoder": bytewise,
    "model": {"type": "BPE", "vocab": vocab, "merges": [*map(list, merges)]},
  }
