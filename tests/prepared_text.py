"""Prepared text without its tools: bytes of a folder's files, in chunks."""

import pathlib
import types

import numpy as np

BYTE_OFFSET = 3  # of seqio.ByteVocabulary: pad, end of text, unknown
HELD_OUT = 40  # chunks


def prepared(source: str, context: int, *, weights=None):
  """As `store.prepare` leaves a source.

  Args:
    weights: of the targets of every chunk, [context]; None: all count.
  """
  files = sorted(pathlib.Path(source).glob("*.txt"))
  whole = " ".join(file.read_text() for file in files).encode()
  tokens = np.frombuffer(whole, np.uint8).astype(int) + BYTE_OFFSET
  starts = np.arange(0, len(tokens) - context, context)
  chunks = np.array([tokens[at : at + context + 1] for at in starts])
  if weights is not None:
    weights = np.tile(np.float32(weights), (len(chunks), 1))
  split = slice(None, HELD_OUT), slice(HELD_OUT, None)
  of_weights = [None if weights is None else weights[part] for part in split]
  return types.SimpleNamespace(
    train=chunks[split[1]],
    validation=chunks[split[0]],
    train_weights=of_weights[1],
    validation_weights=of_weights[0],
  )
