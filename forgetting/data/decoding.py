"""Chunks of tokens as text again, to be read by people."""

import numpy as np

from forgetting.data import tokenizers
from forgetting.data.tokenizers import Kind

BYTE_OFFSET = 3  # of seqio.ByteVocabulary: pad, end of text, unknown


def decode(chunks: np.ndarray, tokenizer: str) -> list[str]:
  """The text that chunks were made of; damaged ends become U+FFFD.

  Args:
    chunks: int [n, L+1], token ids.
    tokenizer: its name.

  Returns:
    [n] texts; of SentencePiece a word for each token, as t17.
  """
  found = tokenizers.find(tokenizer)
  if found.kind is Kind.BYTES:
    return [_of_bytes(chunk) for chunk in chunks]
  if found.kind is Kind.HUGGING_FACE:
    import tokenizers as package

    model = package.Tokenizer.from_file(found.path)
    return [model.decode(chunk.tolist()) for chunk in chunks]
  return [" ".join(f"t{token}" for token in chunk) for chunk in chunks]


def _of_bytes(chunk: np.ndarray) -> str:
  known = np.clip(chunk, 0, BYTE_OFFSET + 255).astype(np.int64)
  text = known[known >= BYTE_OFFSET] - BYTE_OFFSET
  return bytes(text.tolist()).decode("utf-8", "replace")
